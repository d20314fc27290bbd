import { meshControlPlanes, meshRevisions, meshRevisionTags } from '../../crds/kinds.ts';
import type { MeshRevisionStatus } from '../../crds/mesh-revision.ts';
import type { Condition } from '../../lib/kube/object.ts';
import { deployments, namespaces as namespaceResource, pods } from '../../lib/kube/resources.ts';
import type { Environment } from '../environment.ts';
import { sampleImage } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { controlPlaneName, ensureMesh, meshNamespace } from '../mesh.ts';
import type { Check, Scenario } from '../scenario.ts';
import { removeNamespace } from './injection.ts';

/** A second control plane, which tags are led to and which is given other content. */
const second = 'blue';
const namespaces = { prod: 'e2e-revisions-prod', pinned: 'e2e-revisions-pinned', unnamed: 'e2e-revisions-unnamed' };
const apiVersion = 'meltemi.dev/v1alpha1';

export const revisions: Scenario = {
  name: 'revisions',
  summary: 'tags lead namespaces to revisions, users are counted, and a revision that nothing uses goes',
  async run(environment, check) {
    await ensureMesh(environment);
    await untilNoneEnds(environment);
    try {
      await applySecond(environment, {});
      await checkTag(environment, check);
      await checkJob(environment, check);
      await checkRetag(environment, check);
      await checkPinned(environment, check);
      const pruneSeconds = await checkPruning(environment, check);
      await checkDefaultTag(environment, check);
      return { pruneSeconds };
    } finally {
      await cleanUp(environment);
    }
  },
};

/** Pods of an earlier scenario that are still going would be counted, and then not. */
async function untilNoneEnds({ client }: Environment): Promise<void> {
  await eventually('namespaces that are being deleted are gone', async () => {
    const { items } = await client.list(namespaceResource, { metadataOnly: true });
    return items.some(({ metadata }) => metadata.deletionTimestamp !== undefined) ? undefined : true;
  });
}

async function apply({ cluster }: Environment, object: object): Promise<void> {
  await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
}

async function applySecond(environment: Environment, meshConfig: object): Promise<void> {
  const upgrade = { inactiveRevisionDeletionGracePeriod: '5s' };
  const spec = { pilot: { replicas: 1 }, meshConfig, upgrade };
  await apply(environment, { apiVersion, kind: 'MeshControlPlane', metadata: { name: second }, spec });
  await environment.cluster.kubectl(['wait', `mcp/${second}`, '--for=condition=Ready', '--timeout=180s']);
}

async function applyTag(environment: Environment, name: string, kind: string, target: string): Promise<void> {
  const spec = { targetRef: { kind, name: target } };
  await apply(environment, { apiVersion, kind: 'MeshRevisionTag', metadata: { name }, spec });
  await untilCondition(environment, name, 'True');
}

async function untilCondition({ client }: Environment, name: string, status: string): Promise<Condition> {
  return eventually(`tag ${name} is Reconciled=${status}`, async () => {
    const found = await client.get(meshRevisionTags, { name });
    return found?.status?.conditions?.find((one) => one.type === 'Reconciled' && one.status === status);
  });
}

/** A namespace with these labels, and a workload in it. */
async function deploy(environment: Environment, namespace: string, labels: Record<string, string>): Promise<void> {
  await eventually(`namespace ${namespace} can be made`, async () => {
    await apply(environment, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } });
    return true;
  });
  const app = { app: 'sample' };
  const container = { name: 'app', image: sampleImage };
  const template = {
    metadata: { labels: app },
    spec: { containers: [container], terminationGracePeriodSeconds: 1 },
  };
  const spec = { replicas: 2, selector: { matchLabels: app }, template };
  await apply(environment, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name: 'sample' },
    spec,
  });
  await rolledOut(environment, namespace);
}

async function rolledOut({ cluster }: Environment, namespace: string): Promise<void> {
  await cluster.kubectl(['-n', namespace, 'rollout', 'status', 'deployment/sample', '--timeout=120s']);
}

/** The revisions of the sidecars of a namespace's pods that are to stay. */
async function sidecarsOf({ client }: Environment, namespace: string): Promise<readonly string[]> {
  const { items } = await client.list(pods, { namespace, labelSelector: 'app=sample' });
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.annotations?.['istio.io/rev'] ?? 'none');
}

function isAll(found: readonly string[], revision: string): boolean {
  return found.length > 0 && found.every((one) => one === revision);
}

async function activeOf({ client }: Environment, controlPlane: string): Promise<string> {
  const found = await client.get(meshControlPlanes, { name: controlPlane });
  return found?.status?.activeRevision ?? '';
}

async function statusOf({ client }: Environment, name: string): Promise<MeshRevisionStatus | undefined> {
  return (await client.get(meshRevisions, { name }))?.status;
}

/** Waits until this many pods have the sidecar of a revision. */
async function untilPods(environment: Environment, name: string, count: number): Promise<void> {
  await eventually(`${String(count)} pods use ${name}`, async () => {
    return (await statusOf(environment, name))?.users?.pods === count ? true : undefined;
  });
}

async function checkTag(environment: Environment, check: Check): Promise<void> {
  await applyTag(environment, 'prod', 'MeshControlPlane', controlPlaneName);
  const active = await activeOf(environment, controlPlaneName);
  const before = (await statusOf(environment, active))?.users?.pods ?? 0;
  await deploy(environment, namespaces.prod, { 'istio.io/rev': 'prod' });
  const found = await sidecarsOf(environment, namespaces.prod);
  check('pods of a namespace with the name of a tag get sidecars of its control plane', isAll(found, 'default'), found);
  await untilPods(environment, active, before + 2);
  const users = (await statusOf(environment, active))?.users;
  check('the revision counts them', users?.namespaces.names.includes(namespaces.prod) === true, users);
  const table = await environment.cluster.kubectl(['get', 'mrev,mtag,mcp']);
  check('kubectl get mrev,mtag,mcp shows the revision', table.includes(`meshrevision.meltemi.dev/${active}`), table);
  check('and the tag, with where it leads', new RegExp(`/prod\\s.*${active}\\s+True`).test(table), table);
  await apply(environment, tagOf('default', 'MeshControlPlane', controlPlaneName));
  const { reason } = await untilCondition(environment, 'default', 'False');
  check('a tag cannot have the name of a control plane', reason === 'NameAlreadyExists', reason);
}

function tagOf(name: string, kind: string, target: string) {
  const spec = { targetRef: { kind, name: target } };
  return { apiVersion, kind: 'MeshRevisionTag', metadata: { name }, spec };
}

async function checkJob(environment: Environment, check: Check): Promise<void> {
  const { cluster } = environment;
  const active = await activeOf(environment, controlPlaneName);
  const before = (await statusOf(environment, active))?.users?.pods ?? 0;
  const command = ['/usr/local/bin/node', '-e', 'setTimeout(() => process.exit(0), 3000)'];
  const template = {
    spec: { restartPolicy: 'Never', containers: [{ name: 'job', image: sampleImage, command }] },
  };
  const metadata = { namespace: namespaces.prod, name: 'job' };
  await apply(environment, { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template } });
  await cluster.kubectl(['-n', namespaces.prod, 'wait', 'job/job', '--for=condition=Complete', '--timeout=90s']);
  await untilPods(environment, active, before);
  check('a Job that has completed does not count', true);
}

async function checkRetag(environment: Environment, check: Check): Promise<void> {
  await applyTag(environment, 'prod', 'MeshControlPlane', second);
  const target = await activeOf(environment, second);
  await eventually('the tag leads to the other control plane', async () => {
    const found = await environment.client.get(meshRevisionTags, { name: 'prod' });
    return found?.status?.revision === target ? true : undefined;
  });
  const still = await sidecarsOf(environment, namespaces.prod);
  check('pods that run keep their sidecar when a tag leads elsewhere', isAll(still, 'default'), still);
  await environment.cluster.kubectl(['-n', namespaces.prod, 'rollout', 'restart', 'deployment/sample']);
  await rolledOut(environment, namespaces.prod);
  const found = await sidecarsOf(environment, namespaces.prod);
  check('and get the other one when they are started anew', isAll(found, second), found);
  await untilPods(environment, target, 2);
  check('where they are counted from then on', true);
}

async function checkPinned(environment: Environment, check: Check): Promise<void> {
  await applyTag(environment, 'pinned', 'MeshRevision', await activeOf(environment, second));
  await deploy(environment, namespaces.pinned, { 'istio.io/rev': 'pinned' });
  const found = await sidecarsOf(environment, namespaces.pinned);
  check('pods with the name of a pinned tag get sidecars of its revision', isAll(found, second), found);
}

/** Resolves to the seconds that a revision took to go after the last thing that used it. */
async function checkPruning(environment: Environment, check: Check): Promise<number> {
  const { client } = environment;
  const former = await activeOf(environment, second);
  await applySecond(environment, { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } });
  const active = await eventually('other content is active', async () => {
    const name = await activeOf(environment, second);
    return name === former ? undefined : name;
  });
  const inUse = await eventually('the former revision is held', async () => {
    return (await statusOf(environment, former))?.conditions?.find(({ reason }) => reason === 'UsedByTag');
  });
  check('a pinned tag holds the revision that was replaced', inUse.status === 'True', inUse);
  const started = performance.now();
  await applyTag(environment, 'pinned', 'MeshRevision', active);
  await eventually('the former revision goes', async () => {
    return (await client.get(meshRevisions, { name: former })) === undefined ? true : undefined;
  });
  const seconds = Math.round(performance.now() - started) / 1000;
  // Conditions tell times in whole seconds.
  check('a revision that nothing uses goes after its grace', seconds >= 4, seconds);
  const istiod = await client.get(deployments, { namespace: meshNamespace, name: `istiod-${second}` });
  check('and takes nothing with it that is needed', istiod?.status?.availableReplicas === 1, istiod?.status);
  return seconds;
}

async function checkDefaultTag(environment: Environment, check: Check): Promise<void> {
  const { cluster } = environment;
  await cluster.kubectl(['delete', 'mcp', controlPlaneName, '--wait', '--timeout=120s']);
  const { message } = await untilCondition(environment, 'default', 'False');
  check('a tag whose control plane is gone says so', /there is no MeshControlPlane/.test(message), message);
  await applyTag(environment, 'default', 'MeshControlPlane', second);
  await deploy(environment, namespaces.unnamed, { 'istio-injection': 'enabled' });
  const found = await sidecarsOf(environment, namespaces.unnamed);
  check('the tag "default" stands for istio-injection=enabled', isAll(found, second), found);
}

/** The control plane goes last, as no proxy may use it any more. */
async function cleanUp(environment: Environment): Promise<void> {
  const { cluster } = environment;
  for (const namespace of Object.values(namespaces)) await removeNamespace(environment, namespace);
  await cluster.kubectl(['delete', 'mtag', 'prod', 'pinned', 'default', '--ignore-not-found']);
  await cluster.kubectl(['delete', 'mcp', second, '--ignore-not-found', '--wait', '--timeout=180s']);
}
