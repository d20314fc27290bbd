import { describe, expect, it } from 'vitest';
import { recordingLogger } from '../logger.ts';
import { createRegistry } from '../metrics.ts';
import type { Clock } from './clock.ts';
import { KubeError } from './error.ts';
import { json, startFakeApiServer, statusAnswer } from './fake-api-server.testing.ts';
import type { Answer } from './fake-api-server.testing.ts';
import { fencedClient } from './fenced-client.ts';
import { LeaseLostError, soleTerm } from './lease-term.ts';
import { runLeaderElection } from './lease.ts';
import type { LeaderElectionOptions } from './lease.ts';

// A fake server and clock: refusals at a given moment. With real ones: lease.integration.test.ts.

/** A clock that is where the sleepers want it to be: every sleep ends at once and moves it on. */
function leapingClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (!signal.aborted) now += ms;
    },
  };
}

const lease = (holder: string, version: string): Answer =>
  json({ metadata: { namespace: 'n', name: 'l', resourceVersion: version }, spec: { holderIdentity: holder } });

async function elect(answers: readonly Answer[], options: Partial<LeaderElectionOptions> = {}) {
  const { client, requests } = await startFakeApiServer(answers);
  const logger = recordingLogger();
  const stop = new AbortController();
  const history: string[] = [];
  const done = runLeaderElection(
    {
      client,
      namespace: 'n',
      name: 'l',
      identity: 'me',
      logger,
      clock: leapingClock(),
      onStartedLeading: async (signal) => {
        history.push('started');
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
      onStoppedLeading: () => {
        history.push('stopped');
        stop.abort();
      },
      onNewLeader: (identity) => history.push(identity),
      ...options,
    },
    stop.signal,
  );
  return { done, history, logger, requests, stop };
}

describe('leader election', () => {
  it('stops leading when the lease cannot be renewed in time', async () => {
    const refused = statusAnswer(500, 'InternalError');
    const { done, history, logger } = await elect([statusAnswer(404, 'NotFound'), lease('me', '1'), refused]);
    await done;
    expect(history).toEqual(['me', 'started', 'stopped']);
    expect(logger.entries.some(({ message }) => message === 'lost the lease')).toBe(true);
  });

  it('stops leading at once when another one holds the lease', async () => {
    const { done, history, requests } = await elect([
      statusAnswer(404, 'NotFound'),
      lease('me', '1'),
      statusAnswer(409, 'Conflict'),
      lease('other', '2'),
    ]);
    await done;
    expect(history).toEqual(['me', 'started', 'other', 'stopped']);
    // Another's lease is not released.
    expect(requests.filter((request) => request.startsWith('PUT'))).toHaveLength(1);
  });

  it('gives the lease up when the work fails', async () => {
    const metrics = createRegistry({ processMetrics: false });
    const { done, history, logger, requests } = await elect(
      [statusAnswer(404, 'NotFound'), lease('me', '1'), lease('', '2')],
      { metrics, onStartedLeading: () => Promise.reject(new Error('broken')) },
    );
    await done;
    expect(history).toEqual(['me', 'stopped']);
    expect(logger.entries.find(({ level }) => level === 'error')?.message).toBe('the work of the leader failed');
    expect(requests.at(-1)).toMatch(/^PUT/);
    expect(await metrics.metrics()).toContain('leader_election_master_status{name="l"} 0');
  });

  it('neither spins, nor leads, nor fills the log in an hour without the API server', async () => {
    const { client: real } = await startFakeApiServer([]);
    let requests = 0;
    const get = () => {
      requests++;
      return Promise.reject(new KubeError('get leases n/l', 500, ''));
    };
    const client = { ...fencedClient(real, soleTerm), get };
    const logger = recordingLogger();
    const stop = new AbortController();
    const clock = leapingClock();
    const history: string[] = [];
    const sleep: Clock['sleep'] = (ms, signal) => {
      if (clock.monotonic() > 3_600_000) stop.abort();
      return clock.sleep(ms, signal);
    };
    const onStartedLeading = () => Promise.resolve(void history.push('started'));
    const options = { client, namespace: 'n', name: 'l', identity: 'me', logger, clock: { ...clock, sleep } };
    await runLeaderElection({ ...options, onStartedLeading }, stop.signal);
    expect(history).toEqual([]);
    expect(requests).toBeLessThanOrEqual(3_601);
    const said = logger.entries.filter(({ level }) => level !== 'debug');
    expect(said.length).toBeGreaterThan(0);
    expect(said.length).toBeLessThanOrEqual(12);
  });

  it('does not begin work again and again that fails at once', async () => {
    const clock = leapingClock();
    const starts: number[] = [];
    const answers = [statusAnswer(404, 'NotFound'), lease('me', '1'), lease('', '2')];
    const { done, stop } = await elect(answers, {
      clock,
      onStartedLeading: () => {
        starts.push(clock.monotonic());
        return Promise.reject(new Error('broken'));
      },
      onStoppedLeading: () => {
        if (starts.length === 3) stop.abort();
      },
    });
    await done;
    expect((starts[2] ?? 0) - (starts[0] ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  it('takes a lease in the moment in which it runs out', async () => {
    const clock = leapingClock();
    const stop = new AbortController();
    let startedAt = Infinity;
    const { client } = await startFakeApiServer([
      (response, request) => {
        const holder = request.method === 'PUT' ? 'me' : 'gone';
        lease(holder, '1')(response, request);
      },
    ]);
    await runLeaderElection(
      {
        ...{ client, namespace: 'n', name: 'l', identity: 'me', logger: recordingLogger(), clock },
        onStartedLeading: () => {
          startedAt = clock.monotonic();
          stop.abort();
          return Promise.resolve();
        },
      },
      stop.signal,
    );
    expect(startedAt).toBeGreaterThanOrEqual(11_000);
    expect(startedAt).toBeLessThan(11_100);
  });

  it('tells the work that the lease is lost, and that nothing may be written any more', async () => {
    const lost = Promise.withResolvers<unknown>();
    const { done } = await elect(
      [statusAnswer(404, 'NotFound'), lease('me', '1'), statusAnswer(409, 'Conflict'), lease('other', '2')],
      {
        onStartedLeading: async (signal, term) => {
          term.assertHeld();
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          lost.resolve(term.lost.reason);
          expect(() => term.assertHeld()).toThrow(LeaseLostError);
        },
      },
    );
    await done;
    expect(await lost.promise).toMatchObject({ message: 'lease n/l: is held by other' });
  });

  it('refuses times that cannot work', async () => {
    const { done } = await elect([], { times: { renewDeadlineMs: 20_000 } });
    await expect(done).rejects.toThrow('lease n/l: needs retry period < renew deadline < lease duration');
  });
});
