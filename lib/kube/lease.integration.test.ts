import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { recordingLogger } from '../logger.ts';
import { loadKubeClient } from './client.ts';
import type { KubeClient } from './client.ts';
import { startTestControlPlane } from './control-plane.testing.ts';
import type { TestControlPlane } from './control-plane.testing.ts';
import { createEventRecorder } from './events.ts';
import { runLeaderElection } from './lease.ts';
import { events, leases, namespaces } from './resources.ts';

let cluster: TestControlPlane;
let direct: KubeClient;
let proxied: KubeClient;
const namespace = 'default';

beforeAll(async () => {
  cluster = await startTestControlPlane('lease-test');
  direct = loadKubeClient({ kubeconfig: cluster.kubeconfig });
  proxied = loadKubeClient({ kubeconfig: cluster.proxiedKubeconfig });
});

afterAll(async () => {
  await Promise.all([direct.close(), proxied.close()]);
  await cluster[Symbol.asyncDispose]();
});

/** A replica that competes; `leads` follows its callbacks. */
function replica(client: KubeClient, name: string, identity: string, history: string[]) {
  const stop = new AbortController();
  const state = { leads: false };
  const done = runLeaderElection(
    {
      client,
      namespace,
      name,
      identity,
      logger: recordingLogger(),
      times: { leaseDurationMs: 3000, renewDeadlineMs: 2000, retryPeriodMs: 300 },
      onStartedLeading: async (signal) => {
        history.push(`+${identity}`);
        state.leads = true;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        state.leads = false;
        history.push(`-${identity}`);
      },
    },
    stop.signal,
  );
  return {
    state,
    stop: async () => {
      stop.abort();
      await done;
    },
  };
}

const soon = { timeout: 30_000, interval: 10 };

describe('leader election on a real API server', () => {
  it('has one leader, and hands over when the leader leaves', async () => {
    const history: string[] = [];
    const replicas = ['a', 'b', 'c'].map((identity) => replica(direct, 'handover', identity, history));
    await vi.waitFor(() => expect(history).toHaveLength(1), soon);
    const first = replicas.find(({ state }) => state.leads);
    await first?.stop();
    expect(history).toHaveLength(2);
    await vi.waitFor(() => expect(history).toHaveLength(3), soon);
    expect(replicas.filter(({ state }) => state.leads)).toHaveLength(1);
    await Promise.all(replicas.map((one) => one.stop()));
    const lease = await direct.get(leases, { namespace, name: 'handover' });
    expect(lease?.spec?.holderIdentity).toBe('');
    expect(lease?.spec?.leaseTransitions).toBeGreaterThanOrEqual(1);
  });

  it('stops a leader that is cut off before another one starts', async () => {
    const history: string[] = [];
    const cutOff = replica(proxied, 'cut', 'cut-off', history);
    await vi.waitFor(() => expect(history).toEqual(['+cut-off']), soon);
    const other = replica(direct, 'cut', 'other', history);
    cluster.network.cut();
    await vi.waitFor(() => expect(history).toEqual(['+cut-off', '-cut-off', '+other']), soon);
    cluster.network.mend();
    await Promise.all([cutOff.stop(), other.stop()]);
    expect(history).toEqual(['+cut-off', '-cut-off', '+other', '-other']);
  });

  it('leaves a lease alone that another holds, whatever its clock says', async () => {
    const ref = { namespace, name: 'held' };
    const longAgo = '2001-01-01T00:00:00.000000Z';
    await direct.create(leases, {
      metadata: ref,
      spec: { holderIdentity: 'somebody', leaseDurationSeconds: 2, renewTime: longAgo, acquireTime: longAgo },
    });
    const history: string[] = [];
    const startedAt = performance.now();
    const one = replica(direct, 'held', 'patient', history);
    await vi.waitFor(() => expect(history).toEqual(['+patient']), soon);
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
    await one.stop();
  });
});

describe('the event recorder on a real API server', () => {
  it('writes an event once, and repetitions as one series', async () => {
    const recorder = createEventRecorder({
      client: direct,
      controller: 'meltemi.dev/test',
      instance: 'test-0',
      logger: recordingLogger(),
    });
    const object = await direct.get(namespaces, { name: 'default' });
    if (object === undefined) throw new Error('there is no namespace default');
    for (let i = 0; i < 5; i++) {
      recorder.event({ resource: namespaces, object }, 'Warning', 'Tested', 'Testing', 'It was tested.');
    }
    await recorder.flush();
    const { items } = await direct.list(events, { namespace: 'default', fieldSelector: 'reason=Tested' });
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      type: 'Warning',
      note: 'It was tested.',
      regarding: { kind: 'Namespace', name: 'default', uid: object.metadata.uid },
      series: { count: 5 },
    });
  });

  it('logs what it cannot write, and goes on', async () => {
    const logger = recordingLogger();
    const recorder = createEventRecorder({ client: direct, controller: 'meltemi.dev/test', instance: 't', logger });
    const gone = { metadata: { name: 'x', namespace: 'no-such-namespace' } };
    recorder.event({ resource: leases, object: gone }, 'Normal', 'Lost', 'Testing', 'Nobody reads this.');
    await recorder.flush();
    expect(logger.entries.map(({ message }) => message)).toEqual(['cannot write an event']);
  });
});
