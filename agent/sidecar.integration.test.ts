import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envoyBinary } from '../e2e/cluster/envoy-binary.ts';
import { ports } from '../lib/ports.ts';
import { sidecar } from '../lib/sidecar.ts';

const namespace = `meltemi-agent-${process.pid}`;
const spiffeId = 'spiffe://cluster.local/ns/shop/sa/front';
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
/** Most private memory that an agent may hold, MiB. */
const memoryLimit = 22;
/** Renewed about every 4 s. */
const certificateLifetimeMs = 8000;

let folder: string;
let bundle: string;
let pod: ChildProcess;
let log = '';
let ended: Promise<number | null>;

function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  try {
    execFileSync('ip', ['netns', 'add', namespace], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
const why = obstacle();

/** Asks Envoy or the agent in the pod; the error's text where that fails. */
function ask(port: number, path: string, method = 'GET'): string {
  const args = [bundle, 'request', `--debug-port=${port}`, method, path];
  try {
    return execFileSync('ip', ['netns', 'exec', namespace, process.execPath, ...args], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch (error) {
    return String(error);
  }
}
const ready = (): string => ask(ports.health, '/healthz/ready').trim();
const stat = (name: string): number =>
  Number(/: (\d+)/.exec(ask(ports.admin, `/stats?filter=^${name}$`))?.[1] ?? Number.NaN);
const serial = (): string =>
  ask(ports.admin, '/certs')
    .match(/"serial_number": "(\w+)"/g)
    ?.at(-1) ?? '';

/** Processes of the pod by a part of their command line, in the machine's own ids. */
function processes(part: string): readonly number[] {
  const namespaceOf = (pid: number | string): string => readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
        return ` ${command.join(' ')}`.includes(part) && namespaceOf(pid).includes(`${folder}/marker`);
      } catch {
        return false;
      }
    });
}
const agentProcess = (): number => processes(`${bundle} proxy`)[0] ?? 0;
/** Not `unshare`, whose arguments hold the same words. */
const firstProcess = (): number => processes(` sh ${here('entrypoint.sh')} proxy`).find((pid) => !isUnshare(pid)) ?? 0;
const isUnshare = (pid: number): boolean => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'unshare';
const envoyProcess = (): number => processes('--config-path')[0] ?? 0;

/** Process 0 would be the test's own group. */
function signal(pid: number, name: NodeJS.Signals): void {
  if (pid === 0) throw new Error('there is no such process in the pod');
  process.kill(pid, name);
}

/** What the process pays for alone, MiB. */
function privateMemory(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = [...text.matchAll(/^Private_(?:Clean|Dirty): +(\d+)/gm)].map((match) => Number(match[1]));
  return kib.reduce((sum, value) => sum + value, 0) / 1024;
}

async function startPod(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'meltemi-agent-'));
  bundle = join(folder, 'agent.js');
  await build({
    entryPoints: [here('main.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    minify: true,
    define: { 'process.env.MELTEMI_VERSION': '"test"', 'import.meta.url': '""' },
  });
  writeFileSync(join(folder, 'marker'), '');
  const script = `set -e
    mkdir -p /etc/istio /var/run/secrets
    mount -t tmpfs none /etc/istio && mount -t tmpfs none /var/run/secrets && mount -t tmpfs none /usr/local/bin
    mount --bind ${folder}/marker ${folder}/marker
    mkdir -p ${sidecar.podInfoFolder}; echo 'app="front"' > ${sidecar.podInfoFolder}/labels
    ln -s ${await envoyBinary()} ${sidecar.envoyBinary}
    ${process.execPath} ${here('testing/fake-istiod.ts')} ${spiffeId} ${certificateLifetimeMs} ${ports.xds} &
    exec sh ${here('entrypoint.sh')} proxy`;
  run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
  pod = spawn(
    'ip',
    ['netns', 'exec', namespace, 'unshare', '-m', '-p', '-f', '--kill-child', '--mount-proc', 'sh', '-c', script],
    {
      env: {
        PATH: process.env['PATH'],
        MELTEMI_NODE: process.execPath,
        MELTEMI_AGENT_BUNDLE: bundle,
        POD_NAME: 'front-1',
        POD_NAMESPACE: 'shop',
        INSTANCE_IPS: '127.0.0.1',
        SERVICE_ACCOUNT: 'front',
        DISCOVERY_ADDRESS: `localhost:${ports.xds}`,
        PROXY_CONCURRENCY: '1',
        TERMINATION_DRAIN_DURATION_SECONDS: '1',
      },
    },
  );
  for (const stream of [pod.stdout, pod.stderr]) stream?.on('data', (data: Buffer) => (log += data.toString()));
  ended = new Promise((resolve) => pod.on('exit', resolve));
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe' });
}

const eventually = { timeout: 30_000, interval: 250 };

describe.skipIf(why !== undefined)(
  `a sidecar with a real Envoy${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    beforeAll(startPod);
    afterAll(() => {
      pod.kill('SIGKILL');
      run('ip', 'netns', 'del', namespace);
      rmSync(folder, { recursive: true, force: true });
    });

    it('becomes ready and speaks to istiod as its service account', async () => {
      await expect.poll(ready, eventually).toBe('ready');
      await expect.poll(() => log, eventually).toContain(`"caller":"URI:${spiffeId}"`);
      expect(ask(ports.envoyPrometheus, '/stats/prometheus')).toContain('envoy_server_live');
    });

    it('renews its certificate while the connection to istiod stays', async () => {
      const before = serial();
      await expect.poll(serial, eventually).not.toBe(before);
      expect(stat('cluster.xds-grpc.upstream_cx_total')).toBe(1);
    });

    it('keeps Envoy running when the agent crashes', async () => {
      const [agent, envoy] = [agentProcess(), envoyProcess()];
      signal(agent, 'SIGKILL');
      await expect.poll(() => [agent, 0].includes(agentProcess()), eventually).toBe(false);
      await expect.poll(ready, eventually).toBe('ready');
      const before = serial();
      await expect.poll(serial, eventually).not.toBe(before);
      expect(envoyProcess()).toBe(envoy);
      expect(stat('cluster.xds-grpc.upstream_cx_total')).toBe(1);
    });

    it('starts Envoy again when it crashes, also one that an earlier agent started', async () => {
      const envoy = envoyProcess();
      signal(envoy, 'SIGKILL');
      await expect.poll(() => [envoy, 0].includes(envoyProcess()), eventually).toBe(false);
      await expect.poll(ready, eventually).toBe('ready');
    });

    it(`stays below ${memoryLimit} MiB of private memory under scrapes and renewals`, () => {
      for (let scrape = 0; scrape < 20; scrape++) {
        expect(ask(ports.agentStatus, '/stats/prometheus')).toMatch(
          /istio_agent_cert_expiry_seconds[^]*envoy_server_live/,
        );
      }
      expect(privateMemory(agentProcess())).toBeLessThan(memoryLimit);
    });

    it('ends well after draining when it is told to', async () => {
      signal(firstProcess(), 'SIGTERM');
      expect(await ended).toBe(0);
      expect(log).toMatch(/"message":"draining","seconds":1/);
    });
  },
);
