import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Fault, WatchFault } from '../e2e/faults/fault.ts';
import { bodyFault, statusFault } from '../e2e/faults/fault.ts';
import type { FaultProxy, Match, ProxiedRequest } from '../e2e/faults/fault-proxy.ts';
import { startFaultProxy } from '../e2e/faults/fault-proxy.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import { meshControlPlanes } from '../crds/kinds.ts';
import { clusterRoles, configMaps, namespaces } from '../lib/kube/resources.ts';
import { recordingLogger } from '../lib/logger.ts';
import { createRegistry } from '../lib/metrics.ts';
import { freePorts } from '../e2e/cluster/ports.ts';
import { testDefaults } from './fixtures.testing.ts';
import { ownedResources } from './owned-resources.ts';
import {
  createControlPlane,
  madeObjects,
  namespaceOf,
  operatorNamespace,
  rollOut,
  startTestMesh,
  untilReconciled,
  within,
} from './robustness/test-mesh.testing.ts';
import type { TestMesh } from './robustness/test-mesh.testing.ts';
import { runOperator } from './run.ts';

// One operator behind a proxy that has its requests go wrong, before a real API server. Changes come by another way.

let mesh: TestMesh;
let proxy: FaultProxy;
let client: KubeClient;
let health: string;
const stopping = new AbortController();
const metrics = createRegistry({ processMetrics: false });
const logger = recordingLogger();
let running: Promise<void>;

beforeAll(async () => {
  mesh = await startTestMesh('robustness');
  proxy = await startFaultProxy(mesh.cluster.kubeconfig);
  client = loadKubeClient({ kubeconfig: proxy.kubeconfig });
  const [port = 0] = await freePorts(1);
  health = `http://127.0.0.1:${port}`;
  const leaseTimes = { leaseDurationMs: 6_000, renewDeadlineMs: 4_000, retryPeriodMs: 500 };
  const options = { client, namespace: operatorNamespace, identity: 'a', leaderElect: true, leaseTimes };
  const addresses = { metricsAddress: '127.0.0.1:0', healthAddress: `127.0.0.1:${port}` };
  running = runOperator({ ...options, ...addresses, defaults: testDefaults, logger, metrics }, stopping.signal);
  await createControlPlane(mesh.admin, 'one');
  await createControlPlane(mesh.admin, 'two');
  for (const name of ['one', 'two']) await untilReconciled(mesh.admin, name);
});

afterAll(async () => {
  stopping.abort();
  await running;
  await client.close();
  await proxy[Symbol.asyncDispose]();
  await mesh[Symbol.asyncDispose]();
});

const isLease: Match = ({ path }) => path.includes('/leases');
/** Reviews change nothing. */
const isWrite: Match = ({ method, path }) =>
  method !== 'GET' && !path.includes('/leases/meltemi-operator') && !path.includes('/authorization.k8s.io/');
const isCall: Match = (request) => !isLease(request) && !request.isWatch;
const isList: Match = ({ path, isWatch }) => path.includes('limit=') && !isWatch;
const everything: Match = (request) => !isLease(request);

let round = 0;

/** Three changes that the operator has to answer: one by a new object, one by bringing one back, one by a repair. */
async function disturb(): Promise<void> {
  const { admin } = mesh;
  await admin.create(namespaces, { metadata: { name: `team-${++round}` } });
  const owned = { labelSelector: 'app.kubernetes.io/managed-by=meltemi-operator' };
  const { items } = await admin.list(configMaps, { namespace: namespaceOf('one'), ...owned });
  const [first] = items.filter(({ metadata }) => metadata.name !== 'istio-ca-root-cert');
  if (first === undefined) throw new Error('there is no ConfigMap to delete');
  await admin.delete(configMaps, first.metadata);
  const { items: roles } = await admin.list(clusterRoles, owned);
  const role = roles.find(({ metadata }) => metadata.labels?.['meltemi.dev/control-plane'] === 'one');
  if (role === undefined) throw new Error('there is no ClusterRole to change');
  await admin.mergePatch(clusterRoles, role.metadata, { rules: [] });
}

type Made = Awaited<ReturnType<typeof madeObjects>>;

/** Everything is as before, with the root certificate in the new namespace. */
async function untilConverged(before: Made): Promise<Made> {
  return vi.waitFor(async () => {
    const after = await madeObjects(mesh.admin);
    const content = (made: Made) => [...made].map(([key, { content }]) => `${key} ${content}`);
    const isNew = (line: string) => line.startsWith(`configmaps team-${round}/`);
    expect(
      content(after)
        .filter((line) => !isNew(line))
        .sort(),
    ).toEqual(content(before).sort());
    expect(content(after).filter(isNew)).toHaveLength(1);
    return after;
  }, within(15_000));
}

interface Scenario {
  readonly fault?: readonly [Fault, Match];
  readonly watches?: WatchFault;
  /** Requests that must have met it before it ends. */
  readonly hits: number;
}

const scenarios: readonly (readonly [string, Scenario])[] = [
  ['connections that break', { fault: [{ kind: 'reset' }, everything], watches: 'reset', hits: 10 }],
  ['429 for every write', { fault: [statusFault(429, 'TooManyRequests', 1), isWrite], hits: 4 }],
  ['answers that break off', { fault: [{ kind: 'half-answer' }, isCall], watches: 'gone', hits: 10 }],
  ['500 for every write', { fault: [statusFault(500, 'InternalError'), isWrite], hits: 12 }],
  ['gone versions', { fault: [statusFault(410, 'Expired'), ({ isWatch }) => isWatch], watches: 'gone', hits: 10 }],
  ['503 for everything', { fault: [statusFault(503, 'ServiceUnavailable'), everything], hits: 12 }],
  ['watches that end in the midst of an object', { watches: 'mid-object', hits: 4 }],
  ['a slow etcd', { fault: [{ kind: 'delay', ms: 400 }, () => true], hits: 6 }],
  ['watches with malformed JSON', { watches: 'garbage', hits: 4 }],
  ['conflicts', { fault: [statusFault(409, 'Conflict'), isWrite], hits: 12 }],
  ['lists of malformed JSON', { fault: [bodyFault('{"kind":"List","items":['), isList], watches: 'gone', hits: 6 }],
  ['writes whose answers are lost', { fault: [{ kind: 'lost-answer' }, isWrite], hits: 4 }],
  ['watches that fall silent', { watches: 'silent', hits: 4 }],
  ['writes that hang', { fault: [{ kind: 'hang' }, isWrite], hits: 2 }],
  ['lists without anything', { fault: [bodyFault('{}'), isList], watches: 'gone', hits: 6 }],
];

describe('an operator before a faulty API server', () => {
  it.each(scenarios)('comes to the same state after %s, and writes nothing wrong', async (_, scenario) => {
    const before = await madeObjects(mesh.admin);
    const mark = proxy.requests.length;
    const injection = scenario.fault && proxy.inject(...scenario.fault);
    const broken = scenario.watches && proxy.breakWatches(scenario.watches);
    await disturb();
    await vi.waitFor(() => {
      expect((injection?.hits.length ?? 0) + (broken?.hits.length ?? 0)).toBeGreaterThanOrEqual(scenario.hits);
    }, within(20_000));
    injection?.lift();
    broken?.lift();
    const after = await untilConverged(before);
    const deletions = proxy.requests.slice(mark).filter(({ method }) => method === 'DELETE');
    expect(deletions).toEqual([]);
    const madeAgain = [...before].filter(([key, { uid }]) => after.get(key)?.uid !== uid);
    expect(madeAgain).toHaveLength(1);
  });

  it('obeyed each Retry-After', () => {
    // What is read may be read for several control planes at the same time.
    const refused = proxy.requests.filter((one) => one.status === 429 && isWrite(one));
    expect(refused.length).toBeGreaterThan(0);
    const tooSoon = refused.flatMap(({ method, path, at }) => {
      const next = proxy.requests.find((one) => one.at > at && one.method === method && one.path === path);
      return next !== undefined && next.at - at < 990 ? [`${method} ${path} after ${next.at - at} ms`] : [];
    });
    expect(tooSoon).toEqual([]);
  });

  it('never had more calls under way than it has workers', () => {
    // 2 for control planes, 8 for namespaces, 2 for tags; the lease, an event, and a list for each kind.
    expect(proxy.mostCallsAtOnce).toBeLessThanOrEqual(36);
  });

  it.each<readonly [string, Fault]>([
    ['fails', statusFault(500, 'InternalError')],
    ['hangs', { kind: 'hang' }],
  ])('goes on with others while whatever is written for one control plane %s', async (how, fault) => {
    const { admin } = mesh;
    const injection = proxy.inject(fault, (request) => isWrite(request) && isOf(request, 'one'));
    await disturb();
    await vi.waitFor(() => expect(injection.hits.length).toBeGreaterThan(0), within(10_000));
    await createControlPlane(admin, how);
    await untilReconciled(admin, how);
    expect(await admin.get(configMaps, { namespace: `team-${round}`, name: 'istio-ca-root-cert' })).toBeDefined();
    injection.lift();
    await untilReconciled(admin, 'one');
    await admin.delete(meshControlPlanes, { name: how });
    await untilGone(how);
  });

  it('neither ends, nor leads, nor spins, nor fills the log while nobody is there', async () => {
    const before = await madeObjects(mesh.admin);
    const [logged, tried] = [logger.entries.length, await happened('error')];
    await proxy.leave();
    await disturb();
    await vi.waitFor(() => {
      expect(logger.entries.slice(logged).map(({ message }) => message)).toContain('stopped leading');
    }, within(20_000));
    expect(await readyz()).toMatch(/^200 ok: the API server does not let us follow .*secrets/);
    expect(await metrics.metrics()).toContain('leader_election_master_status{name="meltemi-operator"} 0');
    const said = logger.entries.slice(logged).filter(({ level }) => level !== 'debug');
    expect(said.length).toBeLessThan(100);
    expect((await happened('error')) - tried).toBeLessThan(300);
    await proxy.comeBack();
    await untilConverged(before);
    await untilFollowing();
    expect(await metrics.metrics()).toContain('leader_election_master_status{name="meltemi-operator"} 1');
  });

  it('takes everything away of a control plane that is deleted in the midst of its installation, and of faults', async () => {
    const { admin } = mesh;
    const kinds: readonly Fault[] = [statusFault(500, 'InternalError'), { kind: 'lost-answer' }, { kind: 'reset' }];
    const injections = kinds.map((fault, at) =>
      proxy.inject(fault, (one) => isWrite(one) && proxy.requests.indexOf(one) % (2 * kinds.length) === at),
    );
    await createControlPlane(admin, 'short');
    await vi.waitFor(async () => expect((await objectsOf('short')).length).toBeGreaterThan(2), within(10_000));
    await admin.delete(meshControlPlanes, { name: 'short' });
    await untilGone('short');
    expect(injections.every(({ hits }) => hits.length > 0)).toBe(true);
    for (const injection of injections) injection.lift();
  });

  it('takes everything away of a control plane that is deleted in the midst of a rollout', async () => {
    const { admin } = mesh;
    await createControlPlane(admin, 'rolling');
    await untilReconciled(admin, 'rolling');
    await rollOut(admin, 'rolling');
    await admin.mergePatch(
      meshControlPlanes,
      { name: 'rolling' },
      { spec: { pilot: { image: 'example/istiod:new' } } },
    );
    await admin.delete(meshControlPlanes, { name: 'rolling' });
    await untilGone('rolling');
  });

  it('takes everything away of a control plane whose namespace is going', async () => {
    const { admin } = mesh;
    await createControlPlane(admin, 'homeless');
    await vi.waitFor(async () => expect((await objectsOf('homeless')).length).toBeGreaterThan(2), within(10_000));
    // Nobody is there to empty it, so it stays and nothing can be made in it.
    await admin.delete(namespaces, { name: namespaceOf('homeless') });
    await admin.delete(meshControlPlanes, { name: 'homeless' });
    await untilGone('homeless');
  });

  it('still has what it had of the others', async () => {
    for (const name of ['one', 'two']) await untilReconciled(mesh.admin, name);
  });
});

function isOf({ path }: ProxiedRequest, controlPlane: string): boolean {
  return path.includes(`/${namespaceOf(controlPlane)}/`) || path.includes(`/meshcontrolplanes/${controlPlane}/`);
}

async function objectsOf(controlPlane: string): Promise<readonly string[]> {
  const found: string[] = [];
  const labelSelector = `meltemi.dev/control-plane=${controlPlane}`;
  for (const resource of ownedResources) {
    const { items } = await mesh.admin.list(resource, { labelSelector });
    found.push(...items.map(({ metadata }) => `${resource.plural} ${metadata.name}`));
  }
  return found;
}

async function untilGone(controlPlane: string): Promise<void> {
  await vi.waitFor(async () => {
    expect(await mesh.admin.get(meshControlPlanes, { name: controlPlane })).toBeUndefined();
  }, within(20_000));
  expect(await objectsOf(controlPlane)).toEqual([]);
}

async function readyz(): Promise<string> {
  const answer = await fetch(`${health}/readyz`);
  return `${answer.status} ${await answer.text()}`;
}

async function untilFollowing(): Promise<void> {
  await vi.waitFor(async () => expect(await readyz()).toBe('200 ok\n'), within(15_000));
}

async function happened(what: string): Promise<number> {
  const metric = await metrics.getSingleMetric('meltemi_informer_happenings_total')?.get();
  const values = metric?.values ?? [];
  return values.filter(({ labels }) => labels['what'] === what).reduce((sum, { value }) => sum + value, 0);
}
