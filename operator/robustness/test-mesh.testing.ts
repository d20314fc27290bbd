import { execFileSync } from 'node:child_process';
import { vi } from 'vitest';
import { customResourceDefinition } from '../../crds/custom-resource-definition.ts';
import { kinds, meshControlPlanes } from '../../crds/kinds.ts';
import type { ControlPlane } from '../../e2e/cluster/control-plane.ts';
import { startControlPlane } from '../../e2e/cluster/control-plane.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { loadKubeClient } from '../../lib/kube/client.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import { keyOf } from '../../lib/kube/object.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import {
  configMaps,
  customResourceDefinitions,
  deployments,
  namespaces,
  resourceName,
  secrets,
} from '../../lib/kube/resources.ts';
import type { Deployment } from '../../lib/kube/types.ts';
import { ownedResources } from '../owned-resources.ts';

/** A real kube-apiserver with the mesh's kinds, and a client of an administrator. */
export interface TestMesh extends AsyncDisposable {
  readonly cluster: ControlPlane;
  readonly admin: KubeClient;
}

/** Where the operator's lease is. */
export const operatorNamespace = 'meltemi-system';

export const within = (ms: number) => ({ timeout: ms, interval: 20 });

export async function startTestMesh(name: string): Promise<TestMesh> {
  const cluster = await startControlPlane({ name });
  const admin = loadKubeClient({ kubeconfig: cluster.kubeconfig });
  for (const kind of kinds) {
    const definition = JSON.parse(JSON.stringify(customResourceDefinition(kind))) as KubeObject;
    await admin.create(customResourceDefinitions, definition);
  }
  await vi.waitFor(() => admin.list(meshControlPlanes), within(20_000));
  await admin.create(namespaces, { metadata: { name: operatorNamespace } });
  const dispose = async (): Promise<void> => {
    await admin.close();
    await cluster.stop();
  };
  return { cluster, admin, [Symbol.asyncDispose]: dispose };
}

/** A MeshControlPlane of its own revision and namespace, whose istiod has made its root already. */
export async function createControlPlane(admin: KubeClient, name: string): Promise<void> {
  const namespace = namespaceOf(name);
  await admin.create(namespaces, { metadata: { name: namespace } });
  const pem = rootCertificate();
  const data = { 'root-cert.pem': Buffer.from(pem).toString('base64') };
  await admin.create(secrets, { metadata: { namespace, name: 'istio-ca-secret' }, data });
  const spec = { namespace, revision: { name } };
  await admin.create(meshControlPlanes, { apiVersion: 'meltemi.dev/v1alpha1', metadata: { name }, spec });
}

export function namespaceOf(controlPlane: string): string {
  return `mesh-${controlPlane}`;
}

let root: string | undefined;

function rootCertificate(): string {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  root ??= execFileSync('openssl', [...args, '-keyout', '/dev/null', '-subj', '/CN=root', '-out', '-'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return root;
}

/** What the operator is to bring about for a control plane. */
export async function untilReconciled(admin: KubeClient, name: string): Promise<void> {
  await vi.waitFor(async () => {
    const object = await admin.get(meshControlPlanes, { name });
    const found = object?.status?.conditions?.find(({ type }) => type === 'Reconciled');
    if (found?.status !== 'True')
      throw new Error(`${name} is ${found?.reason ?? 'not looked at'}: ${found?.message ?? ''}`);
  }, within(30_000));
}

/** Everything that the operator has made, by kind and key: the uid, and what it says. */
export async function madeObjects(admin: KubeClient): Promise<ReadonlyMap<string, { uid: string; content: string }>> {
  const found = new Map<string, { uid: string; content: string }>();
  const add = (resource: Resource, object: KubeObject): void => {
    const { uid = '' } = object.metadata;
    found.set(`${resourceName(resource)} ${keyOf(object)}`, { uid, content: contentOf(object) });
  };
  for (const resource of ownedResources) {
    const { items } = await admin.list(resource, { labelSelector: 'app.kubernetes.io/managed-by=meltemi-operator' });
    for (const object of items) add(resource, object);
  }
  const roots = await admin.list(configMaps, { fieldSelector: 'metadata.name=istio-ca-root-cert' });
  for (const object of roots.items) add(configMaps, object);
  return found;
}

/** Without what the API server counts, and without the status. */
function contentOf({ metadata, ...rest }: KubeObject & { readonly status?: unknown }): string {
  const { status: _status, ...content } = rest;
  const { name, labels, annotations } = metadata;
  return JSON.stringify({ ...content, metadata: { name, labels, annotations } });
}

/** What the deployment controller would write once all pods of an istiod serve. */
export async function rollOut(admin: KubeClient, controlPlane: string): Promise<void> {
  const { items } = await admin.list<Deployment>(deployments, { namespace: namespaceOf(controlPlane) });
  for (const { metadata, spec } of items) {
    const replicas = spec?.replicas ?? 0;
    const counts = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas };
    const conditions = [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }];
    const status = { observedGeneration: metadata.generation ?? 0, ...counts, conditions };
    await admin.mergePatch(deployments, metadata, { status }, { subresource: 'status' });
  }
}
