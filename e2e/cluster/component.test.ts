import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify, isAlive, parseStat, startComponent, stopProcess, untilReady, type Component } from './component.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'component-'));
});
afterAll(() => rm(folder, { recursive: true }));

const shell = (name: string, script: string): Component => ({
  name,
  command: 'sh',
  args: ['-c', script],
  log: join(folder, `${name}.log`),
});

describe('parseStat', () => {
  it('reads state and start time after a name with blanks and brackets', () => {
    const rest = Array.from({ length: 18 }, (_, i) => i).join(' ');
    expect(parseStat(`42 (a) b (c)) S ${rest} 777 0 0\n`)).toEqual({ state: 'S', startTime: 777 });
  });

  it('takes nothing from nothing', () => {
    expect(parseStat('')).toBeUndefined();
  });
});

describe.runIf(process.platform === 'linux')('a component', () => {
  it('runs until it is stopped, with its output in its log', async () => {
    const component = shell('steady', 'echo begun; exec sleep 60');
    const started = await startComponent(component);
    expect(await isAlive(started)).toBe(true);
    const logged = async () => (await readFile(component.log, 'utf8')) === 'begun\n';
    await untilReady('the log', [{ component, process: started }], logged, 5_000);
    await stopProcess(started);
    expect(await isAlive(started)).toBe(false);
  });

  it('that dies while it is waited for is named, with the end of its log', async () => {
    const component = shell('weak', 'echo no such luck >&2; exit 3');
    const wait = startComponent(component).then((process) =>
      untilReady('never', [{ component, process }], () => Promise.resolve(false), 5_000),
    );
    await expect(wait).rejects.toThrow(/weak has died[^]*no such luck/);
  });

  it('that can’t be started is named', async () => {
    const missing = { ...shell('missing', ''), command: join(folder, 'nothing') };
    await expect(startComponent(missing)).rejects.toThrow(/missing can't be started/);
  });

  it('is killed when it doesn’t listen to SIGTERM', async () => {
    const component = shell('stubborn', "trap '' TERM; echo deaf; while :; do sleep 1; done");
    const started = await startComponent(component);
    const deaf = async () => (await readFile(component.log, 'utf8')) === 'deaf\n';
    await untilReady('the log', [{ component, process: started }], deaf, 5_000);
    await stopProcess(started, 50);
    expect(await isAlive(started)).toBe(false);
  });

  it('is not taken for another process that has got its id', async () => {
    const started = await startComponent(shell('other', 'exec sleep 60'));
    const gone = { ...started, startTime: started.startTime - 1 };
    expect(await isAlive(gone)).toBe(false);
    await stopProcess(gone);
    expect(await identify(started.pid)).toEqual(started);
    await stopProcess(started);
  });
});
