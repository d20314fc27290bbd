import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('entrypoint.sh', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meltemi-entrypoint-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the launcher with a shell script in the place of Node; `$runs` counts the starts. */
function launch(body: string, ...args: readonly string[]) {
  const node = join(folder, 'node');
  writeFileSync(
    node,
    `#!/bin/sh\ncd ${folder}\nruns=$(($(cat runs 2>/dev/null || echo 0) + 1))\necho $runs > runs\n${body}\n`,
  );
  chmodSync(node, 0o755);
  const child = spawn('sh', [script, ...args], {
    env: { PATH: '/usr/bin:/bin', MELTEMI_NODE: node, MELTEMI_AGENT_BUNDLE: 'agent.js' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  const ended = new Promise<{ code: number | null; runs: string; output: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, output, runs: readFileSync(join(folder, 'runs'), 'utf8').trim() })),
  );
  return { child, ended };
}

describe('the launcher', () => {
  it('starts a sidecar again that has crashed, until it ends well', async () => {
    const { ended } = launch('[ $runs = 1 ] && exit 1; exit 0', 'proxy');
    expect(await ended).toMatchObject({
      code: 0,
      runs: '2',
      output: expect.stringContaining('"exitCode":1') as string,
    });
  });

  it('gives up on a sidecar that is set up wrong', async () => {
    expect(await launch('exit 64', 'proxy').ended).toMatchObject({ code: 64, runs: '1' });
  });

  it('passes SIGTERM on and waits for the end', async () => {
    const { child, ended } = launch(
      'trap "sleep 0.2; echo drained; exit 0" TERM; touch up; while :; do sleep 0.02; done',
      'proxy',
    );
    await expect.poll(() => existsSync(join(folder, 'up'))).toBe(true);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, runs: '1', output: 'drained\n' });
  });

  it('runs other commands once, with their arguments, and gives their exit code', async () => {
    const { ended } = launch('echo "$@"; exit 3', 'iptables', '-i', '*');
    expect(await ended).toMatchObject({
      code: 3,
      runs: '1',
      output: expect.stringMatching(/agent\.js iptables -i \*\n$/) as string,
    });
  });
});
