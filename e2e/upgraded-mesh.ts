import { meshControlPlanes } from '../crds/kinds.ts';
import type { MeshControlPlane, MeshControlPlaneSpecInput, UpgradeStatus } from '../crds/mesh-control-plane.ts';
import { deployments, pods } from '../lib/kube/resources.ts';
import type { Environment } from './environment.ts';
import { sampleImage } from './environment.ts';
import { eventually } from './eventually.ts';
import { controlPlaneName, meshNamespace, operatorNamespace, uninstallMesh, waitForControlPlane } from './mesh.ts';
import type { ClientReport } from './quotes.ts';
import { sendRequests } from './quotes.ts';
import type { TestRelease } from './releases/release.ts';

/** What the scenarios of upgrades have in common: an operator of the newer version, and six workloads under load. */

export const oldVersion = '0.1.0';
export const newVersion = '0.2.0';
export const upgradeNamespaces = ['e2e-upgrade-a', 'e2e-upgrade-b'] as const;
/** In the order in which they are moved: `namespace/name`. */
export const workloadNames = upgradeNamespaces.flatMap((namespace, index) =>
  [1, 2, 3].map((number) => `${namespace}/w${String(index * 3 + number)}`),
);

/** Quick for a test: two workloads a batch, each watched for a quarter of a minute. */
const quickUpgrade = {
  strategy: 'Canary',
  batches: { by: 'Workload', size: 2 },
  maxUnavailable: 2,
  pauseBetween: '15s',
  gates: { timeout: '150s', successRate: { minRequests: 20 }, latency: { enabled: false } },
  inactiveRevisionDeletionGracePeriod: '0s',
} as const satisfies MeshControlPlaneSpecInput['upgrade'];

/** Installs the operator of the newer version anew, and has it bring up the older control plane. */
export async function installOld(
  environment: Environment,
  release: TestRelease,
  flags: readonly string[] = [],
): Promise<void> {
  const { helm, cluster, progress } = environment;
  // Of a run that was cut short; they would hold the old control plane.
  await cluster.kubectl(['delete', 'namespace', ...upgradeNamespaces, '--ignore-not-found', '--timeout=120s']);
  await uninstallMesh(environment);
  await release.loadInto(cluster);
  progress(`chart: installing the operator ${release.version}`);
  const where = ['meltemi', release.chartPath, '--namespace', operatorNamespace, '--create-namespace'];
  await helm(['upgrade', '--install', ...where, ...flags, '--wait', '--timeout', '3m']);
  await applySpec(environment, { version: oldVersion, upgrade: quickUpgrade });
  await waitForControlPlane(environment);
}

async function applySpec({ cluster }: Environment, spec: MeshControlPlaneSpecInput): Promise<void> {
  const { group } = meshControlPlanes;
  const object = {
    apiVersion: `${group}/v1alpha1`,
    kind: 'MeshControlPlane',
    metadata: { name: controlPlaneName },
    spec,
  };
  await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
}

/** Asks for a version; `attempt` has one tried again that was given up. */
export async function askFor(environment: Environment, version: string, attempt = 0): Promise<void> {
  await applySpec(environment, { version, upgrade: { ...quickUpgrade, attempt } });
}

export async function readControlPlane({ client }: Environment): Promise<MeshControlPlane> {
  const found = await client.get(meshControlPlanes, { name: controlPlaneName });
  if (found === undefined) throw new Error(`there is no MeshControlPlane ${controlPlaneName}`);
  return found;
}

/** Waits until an upgrade that was begun after `since` is over. */
export async function upgradeOver(environment: Environment, since: Date, withinMs = 600_000): Promise<UpgradeStatus> {
  let last = '';
  return eventually(
    'the upgrade to be over',
    async () => {
      const { status } = await readControlPlane(environment);
      const upgrade = status?.upgrade;
      if (upgrade === undefined) return undefined;
      const line = `${upgrade.progress}: ${upgrade.message}`;
      if (line !== last) environment.progress(`  upgrade: ${line}`);
      last = line;
      const isNew = Date.parse(upgrade.startTime) >= since.getTime();
      return isNew && (upgrade.phase === 'Completed' || upgrade.phase === 'RolledBack') ? upgrade : undefined;
    },
    { withinMs, everyMs: 500 },
  );
}

/** Six Deployments of a pod each, and a client that nothing restarts. */
export async function deployWorkloads({ cluster, progress }: Environment): Promise<void> {
  progress('workloads: bringing up six, and a client');
  const objects = upgradeNamespaces.flatMap((namespace) => [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { 'istio-injection': 'enabled' } } },
    ...workloadNames.filter((name) => name.startsWith(`${namespace}/`)).flatMap(workloadObjects),
  ]);
  const list = { apiVersion: 'v1', kind: 'List', items: [...objects, clientPod()] };
  await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(list) });
  for (const name of workloadNames) {
    const [namespace = '', workload = ''] = name.split('/');
    await cluster.kubectl(['-n', namespace, 'rollout', 'status', `deployment/${workload}`, '--timeout=180s']);
  }
  await cluster.kubectl(['-n', upgradeNamespaces[0], 'wait', '--for=condition=Ready', 'pod/client', '--timeout=120s']);
}

function workloadObjects(full: string): readonly object[] {
  const [namespace, name = ''] = full.split('/');
  const labels = { app: name };
  const container = {
    name: 'server',
    image: sampleImage,
    env: [{ name: 'VERSION', value: name }],
    ports: [{ containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 },
  };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name },
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace, name },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    },
  ];
}

/** A bare pod: the operator has to say that it cannot be moved. */
function clientPod(): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: upgradeNamespaces[0], name: 'client', labels: { app: 'client' } },
    spec: { containers: [{ name: 'client', image: sampleImage }], terminationGracePeriodSeconds: 0 },
  };
}

export interface LoadResult {
  readonly requests: number;
  readonly failed: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** A running load on every workload. */
export interface Load {
  /** Ends it; the results by workload. */
  readonly stop: () => Promise<ReadonlyMap<string, LoadResult>>;
}

const rate = 10;
const secondsATime = 15;

/** Sends to every workload, without a pause but for the start of a client program, until it is stopped. */
export function startLoad(environment: Environment): Load {
  let stopping = false;
  const running = workloadNames.map(async (full): Promise<readonly [string, LoadResult]> => {
    const reports: ClientReport[] = [];
    while (!stopping) reports.push(await sendTo(environment, full, rate * secondsATime));
    return [full, sumOf(reports)];
  });
  // A failure is told when the results are asked for.
  for (const one of running) one.catch(() => undefined);
  return {
    stop: async () => {
      stopping = true;
      return new Map(await Promise.all(running));
    },
  };
}

export async function sendTo(environment: Environment, full: string, requests: number): Promise<ClientReport> {
  const [namespace = '', name = ''] = full.split('/');
  return sendRequests(environment, upgradeNamespaces[0], {
    url: `http://${name}.${namespace}/`,
    requests,
    rate,
    from: 'pod/client',
    container: 'client',
  });
}

/** Waits until every workload answers each request. */
export async function allAnswer(environment: Environment): Promise<void> {
  await eventually('every workload to answer', async () => {
    for (const full of workloadNames) {
      const { failedRequests, errors } = await sendTo(environment, full, 20);
      if (failedRequests > 0) throw new Error(`${full}: ${JSON.stringify(errors)}`);
    }
    return true;
  });
}

function sumOf(reports: readonly ClientReport[]): LoadResult {
  const errors: Record<string, number> = {};
  for (const report of reports) {
    for (const [error, count] of Object.entries(report.errors)) errors[error] = (errors[error] ?? 0) + count;
  }
  return {
    requests: reports.reduce((sum, report) => sum + report.requests, 0),
    failed: reports.reduce((sum, report) => sum + report.failedRequests, 0),
    errors,
  };
}

/** The `istio.io/rev` of each workload's sidecars, and whether all its pods serve. */
export async function revisionsOfWorkloads({ client }: Environment): Promise<ReadonlyMap<string, readonly string[]>> {
  const result = new Map<string, readonly string[]>();
  for (const namespace of upgradeNamespaces) {
    const { items } = await client.list(pods, { namespace, fieldSelector: 'status.phase=Running' });
    for (const { metadata } of items) {
      if (metadata.deletionTimestamp !== undefined) continue;
      const full = `${namespace}/${metadata.labels?.['app'] ?? ''}`;
      result.set(full, [...(result.get(full) ?? []), metadata.annotations?.['istio.io/rev'] ?? '']);
    }
  }
  return result;
}

/** The value of `meltemi.dev/revision` in each workload's template. */
export async function givenRevisions({ client }: Environment): Promise<ReadonlyMap<string, string | undefined>> {
  const entries = await Promise.all(
    workloadNames.map(async (full) => {
      const [namespace = '', name = ''] = full.split('/');
      const found = await client.get(deployments, { namespace, name });
      return [full, found?.spec?.template?.metadata?.annotations?.['meltemi.dev/revision']] as const;
    }),
  );
  return new Map(entries);
}

/** How often each workload was rolled out: `metadata.generation` of its Deployment. */
export async function generations({ client }: Environment): Promise<ReadonlyMap<string, number>> {
  const entries = await Promise.all(
    workloadNames.map(async (full) => {
      const [namespace = '', name = ''] = full.split('/');
      const found = await client.get(deployments, { namespace, name });
      return [full, found?.metadata.generation ?? 0] as const;
    }),
  );
  return new Map(entries);
}

/** Waits until there is no istiod but the active one's. */
export async function targetGone({ client }: Environment): Promise<void> {
  await eventually(
    'the istiod of the new version to be gone',
    async () => {
      const { items } = await client.list(pods, { namespace: meshNamespace, labelSelector: 'app=istiod' });
      const revisions = new Set(items.map(({ metadata }) => metadata.labels?.['istio.io/rev']));
      return revisions.size === 1 ? true : undefined;
    },
    { withinMs: 120_000 },
  );
}
