import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordingLogger, silentLogger } from '../../lib/logger.ts';
import type { EnvoyAdmin } from './admin.ts';
import { countConnections, drain } from './drain.ts';
import { isAlive, markOf, readLivingMark, writeMark } from './process-mark.ts';
import { explainStats, Readiness } from './readiness.ts';
import { EnvoySupervisor } from './supervisor.ts';

function fakeAdmin(answers: Readonly<Record<string, () => string>>): EnvoyAdmin & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    open: () => Promise.reject(new Error('not used')),
    text: (method, path) => {
      const [key = ''] = `${method} ${path}`.split('?filter');
      asked.push(key);
      const answer = answers[key];
      return answer === undefined ? Promise.reject(new Error(`${key} refused`)) : Promise.resolve(answer());
    },
  };
}

describe('readiness', () => {
  const ready = [
    'cluster_manager.cds.update_rejected: 0',
    'cluster_manager.cds.update_success: 1',
    'listener_manager.lds.update_rejected: 1',
    'listener_manager.lds.update_success: 0',
    'listener_manager.workers_started: 1',
    'server.state: 0',
  ].join('\n');

  it('needs clusters, listeners, a live server and its workers', () => {
    expect(explainStats(ready, false)).toBeUndefined();
    expect(explainStats(ready.replace('update_success: 1', 'update_success: 0'), false)).toMatch(
      /received its clusters from/,
    );
    expect(explainStats('server.state: 3', false)).toMatch(/clusters and listeners/);
    expect(explainStats(ready.replace('state: 0', 'state: 1'), false)).toMatch(/server.state 1/);
    expect(explainStats(ready.replace('started: 1', 'started: 0'), false)).toMatch(/workers/);
  });

  it('once reached only asks whether Envoy lives, until another Envoy runs', async () => {
    let stats = ready;
    const readiness = new Readiness(fakeAdmin({ 'GET /stats': () => stats }));
    expect(await readiness.check(7)).toBeUndefined();
    stats = 'server.state: 0';
    expect(await readiness.check(7)).toBeUndefined();
    expect(await readiness.check(8)).toMatch(/has not received/);
    expect(await readiness.check(undefined)).toBe('Envoy is not running');
  });
});

describe('drain', () => {
  const settings = { native: false, drainSeconds: 5, untilIdle: false, minimumDrainSeconds: 3 };
  const drainPath = 'POST /drain_listeners?inboundonly&graceful&skip_exit';
  const slept = () => {
    const pauses: number[] = [];
    return { pauses, sleep: (ms: number) => Promise.resolve(void pauses.push(ms)) };
  };

  it('takes the fixed time by default', async () => {
    const admin = fakeAdmin({ [drainPath]: () => 'OK' });
    const { pauses, sleep } = slept();
    await drain(admin, settings, silentLogger, sleep);
    expect([admin.asked, pauses]).toEqual([[drainPath], [5000]]);
  });

  it('waits for the last connection where asked to', async () => {
    const counts = [2, 1, 0];
    const stats = () => `listener.0.0.0.0_15006.downstream_cx_active: ${counts.shift() ?? 0}`;
    const admin = fakeAdmin({ [drainPath]: () => 'OK', 'GET /stats': stats });
    const { pauses, sleep } = slept();
    await drain(admin, { ...settings, untilIdle: true }, silentLogger, sleep);
    expect(pauses).toEqual([3000, 1000, 1000]);
  });

  it('is not done by a native sidecar, and not waited for when Envoy is gone', async () => {
    const { pauses, sleep } = slept();
    const admin = fakeAdmin({});
    await drain(admin, { ...settings, native: true }, silentLogger, sleep);
    expect(admin.asked).toEqual([]);
    const log = recordingLogger();
    await drain(admin, settings, log, sleep);
    expect(pauses).toEqual([]);
    expect(log.entries).toMatchObject([{ level: 'warn' }]);
  });

  it('counts the connections of the mesh only', () => {
    const stats = `listener.0.0.0.0_15006.downstream_cx_active: 2
listener.0.0.0.0_15006.worker_0.downstream_cx_active: 2
listener.10.0.0.1_80.downstream_cx_active: 1
listener.0.0.0.0_15021.downstream_cx_active: 4
listener.[__]_15090.downstream_cx_active: 4
listener.admin.downstream_cx_active: 1
`;
    expect(countConnections(stats)).toBe(3);
  });
});

describe('the running Envoy', () => {
  let folder: string;
  let running: EnvoySupervisor[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'meltemi-envoy-'));
    running = [];
  });
  afterEach(async () => {
    await Promise.all(running.map((supervisor) => supervisor.stop(1000)));
    rmSync(folder, { recursive: true });
  });

  function supervise(program: string, args: readonly string[], log = recordingLogger()) {
    const supervisor = new EnvoySupervisor({
      program,
      args,
      log,
      markFile: join(folder, 'envoy.pid'),
      firstRestartMs: 1,
      longestRestartMs: 10,
      pollMs: 5,
    });
    running.push(supervisor);
    return { supervisor, log };
  }

  it('is found again by another agent, and not started twice', async () => {
    const first = supervise('sleep', ['60']).supervisor;
    first.start();
    const second = supervise('sleep', ['60']).supervisor;
    expect(second.adopt()).toBe(true);
    expect(second.pid).toBe(first.pid);
    second.start();
    expect(second.starts).toBe(0);
    const mark = markOf(second.pid ?? 0);
    await second.stop(1000);
    expect(mark !== undefined && isAlive(mark)).toBe(false);
  });

  it('is started again when it dies', async () => {
    const { supervisor } = supervise('sleep', ['60']);
    supervisor.start();
    const { pid } = supervisor;
    process.kill(pid ?? 0, 'SIGKILL');
    await expect.poll(() => supervisor.starts).toBe(2);
    expect(supervisor.pid).not.toBe(pid);
  });

  it('is tried again and again where it can not run, with a word of why', async () => {
    const { supervisor, log } = supervise('/no/such/envoy', []);
    supervisor.start();
    await expect.poll(() => supervisor.starts).toBeGreaterThan(2);
    expect(log.entries[0]?.fields['reason']).toMatch(/ENOENT/);
  });

  it('is killed when it does not heed SIGTERM', async () => {
    const { supervisor } = supervise('sh', [
      '-c',
      'trap "" TERM; echo ready > "$0"; while :; do sleep 0.05; done',
      join(folder, 'up'),
    ]);
    supervisor.start();
    const mark = markOf(supervisor.pid ?? 0);
    await expect.poll(() => readFileSync(join(folder, 'up'), { encoding: 'utf8', flag: 'a+' })).toBe('ready\n');
    await supervisor.stop(20);
    expect(mark !== undefined && isAlive(mark)).toBe(false);
  });

  it('is not mistaken for another process with its id', () => {
    const own = markOf(process.pid);
    const file = join(folder, 'mark');
    writeMark(file, { pid: process.pid, startTicks: (own?.startTicks ?? 0) - 1 });
    expect(readLivingMark(file)).toBeUndefined();
    writeMark(file, own ?? { pid: 0, startTicks: 0 });
    expect(readLivingMark(file)).toEqual(own);
  });
});
