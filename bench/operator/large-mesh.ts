import type { KubeClient } from '../../lib/kube/client.ts';
import { loadKubeClient } from '../../lib/kube/client.ts';
import type { KubeObject, ObjectRef } from '../../lib/kube/object.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { namespaces, pods, secrets } from '../../lib/kube/resources.ts';
import { meshControlPlanes } from '../../crds/kinds.ts';
import { sidecar } from '../../lib/sidecar.ts';

/** Writes that are under way at the same time. */
const writers = 24;
/** A pod's namespaces are written first, so that it has one. */
const podsOfWorkload = 3;

export const meshNamespace = 'istio-system';
export const controlPlaneName = 'default';
export const rootCertificateName = sidecar.rootCertConfigMap;

export function teamNamespace(index: number): string {
  return `team-${index}`;
}

/** Writes namespaces, and pods with sidecars spread over them, as a kubelet would find them: nobody starts them. */
export async function populate(kubeconfig: string, namespaceCount: number, podCount: number): Promise<void> {
  const client = loadKubeClient({ kubeconfig });
  try {
    await inParallel(namespaceCount, (at) => client.create(namespaces, { metadata: { name: teamNamespace(at) } }));
    await inParallel(podCount, (at) => client.create(pods, injectedPod(teamNamespace(at % namespaceCount), at)));
  } finally {
    await client.close();
  }
}

/** A MeshControlPlane whose istiod has already made its root. */
export async function createControlPlane(client: KubeClient, rootPem: string): Promise<void> {
  await client.create(namespaces, { metadata: { name: meshNamespace } });
  await writeRoot(client, rootPem);
  const object = { apiVersion: 'meltemi.dev/v1alpha1', metadata: { name: controlPlaneName }, spec: {} };
  await client.create(meshControlPlanes, object);
}

/** What istiod writes; the operator carries it to every namespace. */
export async function writeRoot(client: KubeClient, pem: string): Promise<void> {
  const data = { 'root-cert.pem': Buffer.from(pem).toString('base64') };
  const object = { metadata: { namespace: meshNamespace, name: 'istio-ca-secret' }, data };
  await client.apply(secrets, object, { fieldManager: 'bench' });
}

/** About 3 KB, as an injected pod of a small Deployment has them. */
export function injectedPod(namespace: string, index: number): Parameters<KubeClient['create']>[1] {
  const workload = `web-${Math.floor(index / podsOfWorkload)}`;
  const labels = { app: workload, 'pod-template-hash': '6d4cf56db6', [sidecar.tlsModeLabel]: 'istio' };
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${workload}-6d4cf56db6`, uid: `uid-${workload}` };
  const env = Array.from({ length: 20 }, (_, at) => ({ name: `SETTING_${at}`, value: 'a value of ordinary length' }));
  return {
    metadata: {
      namespace,
      name: `${workload}-6d4cf56db6-${index}`,
      // Nobody is there who could inject: what has a sidecar already is not sent to the webhook.
      labels: { ...labels, 'sidecar.istio.io/inject': 'false' },
      annotations: { 'istio.io/rev': controlPlaneName, 'sidecar.istio.io/status': '{"containers":["istio-proxy"]}' },
      ownerReferences: [{ ...owner, controller: true }],
    },
    spec: {
      containers: [
        { name: 'app', image: 'registry.example/app:1', env },
        { name: 'istio-proxy', image: 'registry.example/proxy:1', env },
      ],
    },
  };
}

/** Calls `work` for 0 up to `count`, with a bounded number under way. */
export async function inParallel(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: writers }, worker));
}

/** Resolves when an object is there and as wanted; it is asked for again and again. */
export async function until<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  ref: ObjectRef,
  wanted: (object: T) => boolean = () => true,
): Promise<void> {
  for (const startedAt = performance.now(); performance.now() - startedAt < 120_000;) {
    const object = await client.get(resource, ref);
    if (object !== undefined && wanted(object)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${resource.kind} ${ref.name} did not become as wanted within two minutes`);
}
