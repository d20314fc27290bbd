import { execFileSync } from 'node:child_process';
import { applyDefaults } from '../../crds/defaults.ts';
import { meshControlPlanes, meshRevisions, meshRevisionTags } from '../../crds/kinds.ts';
import type { MeshControlPlane, MeshControlPlaneSpecInput } from '../../crds/mesh-control-plane.ts';
import type { MeshRevision } from '../../crds/mesh-revision.ts';
import { meshRevision } from '../../crds/mesh-revision.ts';
import type { MeshRevisionTag } from '../../crds/mesh-revision-tag.ts';
import type { ReconcileResult } from '../../lib/kube/controller.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import { keyOf } from '../../lib/kube/object.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { deployments, mutatingWebhookConfigurations, namespaces, pods, secrets } from '../../lib/kube/resources.ts';
import type { ObjectStore } from '../../lib/kube/store.ts';
import type { AdmissionWebhookConfiguration, Deployment } from '../../lib/kube/types.ts';
import { appliedHashAnnotation } from '../../lib/kube/subset.ts';
import { recordingLogger } from '../../lib/logger.ts';
import type { OperatorDefaults } from '../components/revision.ts';
import type { FakeApi } from '../fake-api.testing.ts';
import { fakeApi } from '../fake-api.testing.ts';
import { testControlPlane, testDefaults, testStores } from '../fixtures.testing.ts';
import { ownedResources } from '../owned-resources.ts';
import type { ControlPlaneContext } from './control-plane.ts';
import { reconcileControlPlane } from './control-plane.ts';
import { FreshObjects } from './fresh-objects.ts';
import { reconcileTag } from './tag.ts';

const rootKey = 'root-cert.pem';

let root: string | undefined;

/** A root certificate, the same for all tests. */
export function testRoot(): string {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  root ??= execFileSync('openssl', [...args, '-keyout', '/dev/null', '-subj', '/CN=root', '-out', '-'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return root;
}

/** A cluster in memory: an API, informers that see it when told, and a deployment controller that is told what to do. */
export class TestCluster {
  readonly api: FakeApi = fakeApi();
  readonly events: string[] = [];
  now = Date.parse('2026-03-02T10:00:00Z');
  defaults: OperatorDefaults = testDefaults;
  readonly #stores = testStores();
  readonly #fresh = new FreshObjects();
  /** Deployments that do not become ready. */
  readonly stuck = new Set<string>();
  readonly #rolledOut = new Map<string, string | undefined>();
  readonly #logger = recordingLogger();
  /** Informers do not learn of pods any more. */
  hideSidecars = false;
  /** The API server does not answer lists. */
  failLists = false;

  constructor(certificate: string) {
    this.api.seed(namespaces, { metadata: { name: 'istio-system' } });
    const data = { [rootKey]: Buffer.from(certificate).toString('base64') };
    const secret = { metadata: { namespace: 'istio-system', name: 'istio-ca-secret' }, data };
    this.api.seed(secrets, secret);
  }

  apply(name: string, spec: MeshControlPlaneSpecInput = {}): void {
    const before = this.find(meshControlPlanes, name);
    const object = testControlPlane(name, spec, { generation: (before?.metadata.generation ?? 0) + 1 });
    const resourceVersion = `spec-${String(object.metadata.generation)}`;
    this.api.seed(meshControlPlanes, { ...before, ...object, metadata: { ...object.metadata, resourceVersion } });
  }

  /** Has the status say no more than it did before there were revisions. */
  forgetRevisions(name: string): void {
    const { status, ...rest } = this.controlPlane(name);
    const { conditions = [], version = '' } = status ?? {};
    const forgetful: MeshControlPlane = { ...rest, status: { conditions, version } };
    this.api.seed(meshControlPlanes, forgetful);
  }

  applyTag(name: string, kind: 'MeshControlPlane' | 'MeshRevision', target: string): void {
    const before = this.find(meshRevisionTags, name);
    const metadata = { name, uid: `uid-of-${name}`, resourceVersion: `to-${target}`, generation: 1 };
    this.api.seed(meshRevisionTags, { ...before, metadata, spec: { targetRef: { kind, name: target } } } as KubeObject);
  }

  removeTag(name: string): void {
    this.api.remove(meshRevisionTags, { name });
  }

  /** A pod with the sidecar of a revision. */
  runPod(name: string, revision: string): void {
    const labels = { 'security.istio.io/tlsMode': 'istio' };
    this.api.seed(pods, { metadata: { namespace: 'shop', name, labels, annotations: { 'istio.io/rev': revision } } });
  }

  labelNamespace(name: string, labels: Readonly<Record<string, string>>): void {
    this.api.seed(namespaces, { metadata: { name, labels } });
  }

  /** Reconciles until nothing is written any more, with the deployment controller at work. */
  async settle(): Promise<ReconcileResult> {
    for (let round = 0; round < 20; round++) {
      const before = this.api.writes.length;
      const results = [];
      for (const { metadata } of this.api.objects(meshControlPlanes)) results.push(await this.reconcile(metadata.name));
      for (const { metadata } of this.api.objects(meshRevisionTags)) {
        this.#sync();
        await reconcileTag(this.#context(), metadata.name);
      }
      const changed = this.#rollOut();
      if (this.api.writes.length === before && !changed) return results[0] ?? {};
    }
    throw new Error('the operator does not come to rest');
  }

  async reconcile(name: string): Promise<ReconcileResult> {
    this.#sync();
    return reconcileControlPlane(this.#context(), name);
  }

  pass(ms: number): void {
    this.now += ms;
  }

  find<T extends KubeObject>(resource: Resource<T>, name: string): T | undefined {
    return this.api.objects(resource).find(({ metadata }) => metadata.name === name) as T | undefined;
  }

  controlPlane(name = 'default'): MeshControlPlane {
    const found = this.find(meshControlPlanes, name);
    if (found === undefined) throw new Error(`no MeshControlPlane ${name}`);
    return found;
  }

  tag(name: string): MeshRevisionTag {
    const found = this.find(meshRevisionTags, name);
    if (found === undefined) throw new Error(`no MeshRevisionTag ${name}`);
    return found;
  }

  revisions(): readonly MeshRevision[] {
    return this.api.objects(meshRevisions).map(complete);
  }

  /** `Ready=True Ready`, … of an object. */
  conditions({ status }: MeshControlPlane | MeshRevision | MeshRevisionTag): readonly string[] {
    return (status?.conditions ?? []).map((one) => `${one.type}=${one.status} ${one.reason}`);
  }

  istiods(): readonly string[] {
    return this.api.objects(deployments).map(({ metadata }) => metadata.name);
  }

  /** By name of a webhook: the Service that it calls. */
  webhooks(name: string): Readonly<Record<string, string>> {
    const found: AdmissionWebhookConfiguration | undefined = this.find(mutatingWebhookConfigurations, name);
    return Object.fromEntries(
      (found?.webhooks ?? []).map(({ name: webhook, clientConfig }) => [webhook, clientConfig.service?.name ?? '']),
    );
  }

  #context(): ControlPlaneContext {
    return {
      client: {
        ...this.api,
        list: (...args) => (this.failLists ? Promise.reject(new Error('no answer')) : this.api.list(...args)),
      },
      stores: this.#stores,
      defaults: this.defaults,
      fresh: this.#fresh,
      now: () => new Date(this.now),
      logger: this.#logger,
      events: {
        event: ({ resource, object }, type, reason) => {
          this.events.push(`${type} ${reason} ${resource.kind} ${object.metadata.name}`);
        },
        flush: () => Promise.resolve(),
      },
    };
  }

  #sync(): void {
    const { controlPlanes, revisions, tags, namespaces: places, sidecars, caSecrets, owned } = this.#stores;
    copy(this.api.objects(meshControlPlanes) as readonly MeshControlPlane[], controlPlanes);
    copy(this.api.objects(meshRevisions).map(complete), revisions);
    copy(this.api.objects(meshRevisionTags) as readonly MeshRevisionTag[], tags);
    copy(this.api.objects(namespaces), places);
    if (!this.hideSidecars) copy(this.api.objects(pods), sidecars);
    copy(this.api.objects(secrets), caSecrets);
    for (const resource of ownedResources) {
      const store = owned.get(resource);
      const objects = resource === meshRevisions ? this.revisions() : this.api.objects(resource);
      if (store !== undefined) copy(objects, store);
    }
  }

  /** What the deployment controller does of a new template. True when it had something to do. */
  #rollOut(): boolean {
    let changed = false;
    for (const object of this.api.objects(deployments) as readonly Deployment[]) {
      const { name } = object.metadata;
      const hash = object.metadata.annotations?.[appliedHashAnnotation];
      const key = `${hash ?? ''} ${String(this.stuck.has(name))}`;
      if (this.#rolledOut.get(name) === key) continue;
      this.#rolledOut.set(name, key);
      const replicas = object.spec?.replicas ?? 0;
      const updated = this.stuck.has(name) ? 0 : replicas;
      const status = { replicas, updatedReplicas: updated, availableReplicas: replicas };
      const resourceVersion = `${object.metadata.resourceVersion ?? ''}-rolled`;
      this.api.seed(deployments, {
        ...object,
        metadata: { ...object.metadata, resourceVersion },
        status,
      } as KubeObject);
      changed = true;
    }
    return changed;
  }
}

/** With its defaults, as the API server gives it out. */
function complete(object: KubeObject): MeshRevision {
  const revision = object as MeshRevision;
  return { ...revision, spec: applyDefaults(meshRevision.spec, revision.spec) };
}

function copy<T extends KubeObject>(objects: readonly T[], store: ObjectStore<T>): void {
  const gone = new Set(store.keys());
  for (const object of objects) {
    store.put(object);
    gone.delete(keyOf(object));
  }
  for (const key of gone) store.remove(key);
}
