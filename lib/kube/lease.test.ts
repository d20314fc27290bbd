import { describe, expect, it } from 'vitest';
import { recordingLogger } from '../logger.ts';
import { createRegistry } from '../metrics.ts';
import type { Clock } from './clock.ts';
import { json, startFakeApiServer, statusAnswer } from './fake-api-server.testing.ts';
import type { Answer } from './fake-api-server.testing.ts';
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
  it('stops leading when the lease cannot be renewed for ten seconds', async () => {
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

  it('refuses times that cannot work', async () => {
    const { done } = await elect([], { renewDeadlineMs: 20_000 });
    await expect(done).rejects.toThrow('lease n/l: needs retry period < renew deadline < lease duration');
  });
});
