import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FaultProxy, Match } from '../e2e/faults/fault-proxy.ts';
import { startFaultProxy } from '../e2e/faults/fault-proxy.ts';
import { clusterRoles, leases } from '../lib/kube/resources.ts';
import type { Replica } from './robustness/replica.testing.ts';
import { startReplica } from './robustness/replica.testing.ts';
import {
  createControlPlane,
  operatorNamespace,
  startTestMesh,
  untilReconciled,
  within,
} from './robustness/test-mesh.testing.ts';
import type { TestMesh } from './robustness/test-mesh.testing.ts';
import { leaseName } from './run.ts';

// Replicas as processes, each behind a proxy of its own that tells who wrote what, and can hold a write up.

interface Member {
  readonly identity: string;
  readonly proxy: FaultProxy;
  readonly replica: Replica;
}

let mesh: TestMesh;
let members: readonly Member[] = [];

beforeAll(async () => {
  mesh = await startTestMesh('leader');
  const { kubeconfig } = mesh.cluster;
  members = await Promise.all(
    ['a', 'b', 'c'].map(async (identity) => {
      const proxy = await startFaultProxy(kubeconfig);
      return { identity, proxy, replica: startReplica(identity, proxy.kubeconfig) };
    }),
  );
});

afterAll(async () => {
  for (const { replica } of members) replica.signal('SIGKILL');
  await Promise.all(members.map(({ replica }) => replica.exited));
  await Promise.all(members.map(({ proxy }) => proxy[Symbol.asyncDispose]()));
  await mesh[Symbol.asyncDispose]();
});

const isLeaseOfLeader: Match = ({ path }) => path.includes(`/leases/${leaseName}`);
/** Events and reviews change nothing: what a former leader has to tell of its term may come later. */
const isWrite: Match = (request) =>
  request.method !== 'GET' && !isLeaseOfLeader(request) && !/\/events|\/authorization\.k8s\.io\//.test(request.path);

/** Resolves once one leads, and another than the former if one is given. */
async function leader(former?: Member): Promise<Member> {
  return vi.waitFor(async () => {
    const lease = await mesh.admin.get(leases, { namespace: operatorNamespace, name: leaseName });
    const found = members.find(({ identity }) => identity === lease?.spec?.holderIdentity);
    if (found === undefined || found === former) throw new Error(`nobody leads yet after ${former?.identity ?? ''}`);
    return found;
  }, within(30_000));
}

/** Has the operator something to write about several objects. */
async function disturb(): Promise<void> {
  const { items } = await mesh.admin.list(clusterRoles, { labelSelector: 'meltemi.dev/control-plane=one' });
  for (const { metadata } of items) await mesh.admin.mergePatch(clusterRoles, metadata, { rules: [] });
}

describe('replicas of the operator', () => {
  it('go on where a leader was killed in the midst of a step', async () => {
    const killed = await leader();
    // Its fourth write is done, and it never learns of that.
    let writes = 0;
    const injection = killed.proxy.inject({ kind: 'lost-answer' }, (request) => isWrite(request) && ++writes >= 4);
    await createControlPlane(mesh.admin, 'one');
    await vi.waitFor(() => expect(injection.hits.length).toBeGreaterThan(0), within(20_000));
    killed.replica.signal('SIGKILL');
    await leader(killed);
    await untilReconciled(mesh.admin, 'one');
  });

  it('are not disturbed by a leader that was stopped, once another leads', async () => {
    const stopped = await leader();
    // It has begun writes when it stops, and finds them broken when it goes on: then it would write again.
    const held = stopped.proxy.inject({ kind: 'hang' }, isWrite);
    await disturb();
    await createControlPlane(mesh.admin, 'two');
    await vi.waitFor(() => expect(held.hits.length).toBeGreaterThan(1), within(20_000));
    stopped.replica.signal('SIGSTOP');
    const next = await leader(stopped);
    await untilReconciled(mesh.admin, 'two');
    const mark = stopped.proxy.requests.length;
    held.lift();
    stopped.replica.signal('SIGCONT');
    const since = (match: Match) => stopped.proxy.requests.slice(mark).filter(match);
    // Once it has looked at the lease of the other several times, it has done whatever it was about to do.
    const looks = () => since((one) => one.method === 'GET' && isLeaseOfLeader(one));
    await vi.waitFor(() => expect(looks().length).toBeGreaterThanOrEqual(3), within(20_000));
    expect(since(isWrite)).toEqual([]);
    expect(stopped.replica.log()).toMatch(/lost the lease/);
    expect(await leader()).toBe(next);
  });

  it('take over from a leader that ends, which ends cleanly', async () => {
    const ended = await leader();
    ended.replica.signal('SIGTERM');
    await leader(ended);
    expect(await ended.replica.exited).toBe(0);
    await createControlPlane(mesh.admin, 'three');
    await untilReconciled(mesh.admin, 'three');
  });
});
