import { readFile } from 'node:fs/promises';
import { tryRun } from '../cluster/command.ts';
import type { Environment } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { ensureMesh } from '../mesh.ts';
import { deployQuotes, sendRequests, startRequests } from '../quotes.ts';
import type { Scenario } from '../scenario.ts';
import { removeNamespace } from './injection.ts';

const namespace = 'e2e-agent';
const sidecars = 10;
/** What one agent may hold for itself, MiB; pages shared with others of the node aside. */
const privateMemoryLimit = 22;

export const agent: Scenario = {
  name: 'agent',
  summary:
    'ten agents on a node stay small; one that crashes leaves Envoy running, and an Envoy that crashes comes back',
  async run(environment, check) {
    const { cluster } = environment;
    await ensureMesh(environment);
    try {
      await deployQuotes(environment, namespace);
      await cluster.kubectl(['-n', namespace, 'scale', 'deployment/quotes-v1', `--replicas=${sidecars - 3}`]);
      await cluster.kubectl(['-n', namespace, 'rollout', 'status', 'deployment/quotes-v1', '--timeout=180s']);
      await sendRequests(environment, namespace, { requests: 500 });

      const memory = await privateMemory();
      check('all agents were found', memory.length === sidecars, memory);
      const largest = Math.max(...memory);
      check(`an agent holds at most ${privateMemoryLimit} MiB for itself`, largest <= privateMemoryLimit, memory);

      const load = startRequests(environment, namespace, { requests: 2_000, rate: 100 });
      const before = await proxyProcesses(environment);
      await inProxy(environment, `kill -KILL ${before.agent}`);
      const after = await eventually('the agent comes back', async () => {
        const now = await proxyProcesses(environment);
        return now.agent !== '' && now.agent !== before.agent ? now : undefined;
      });
      check('a crash of the agent leaves Envoy running', after.envoy === before.envoy, { before, after });
      const report = await load;
      check('... and costs no request', report.failedRequests === 0, report.errors);

      await inProxy(environment, `kill -KILL ${after.envoy}`);
      await eventually('Envoy comes back', async () => {
        const now = await proxyProcesses(environment);
        return now.envoy !== '' && now.envoy !== after.envoy ? now : undefined;
      });
      await eventually('requests pass again', async () => {
        const probe = await sendRequests(environment, namespace, { requests: 10 });
        return probe.failedRequests === 0 ? probe : undefined;
      });
      check('an Envoy that crashes comes back, and requests pass again', true);
      const { requests, failedRequests } = report;
      return { sidecars, privateMiB: memory, largestMiB: largest, requests, failedRequests };
    } finally {
      await removeNamespace(environment, namespace);
    }
  },
};

interface ProxyProcesses {
  readonly agent: string;
  readonly envoy: string;
}

/** Process ids in the front's sidecar, as its container sees them; empty where there is none. */
async function proxyProcesses(environment: Environment): Promise<ProxyProcesses> {
  const script =
    'for p in /proc/[0-9]*; do c=$(tr "\\0" " " <$p/cmdline 2>/dev/null) || continue; ' +
    'case "$c" in /usr/local/bin/node*agent.js*) echo "agent ${p#/proc/}";; */envoy\\ *|envoy\\ *) echo "envoy ${p#/proc/}";; esac; done';
  const lines = (await inProxy(environment, script)).split('\n').map((line) => line.split(' '));
  const idOf = (name: string): string => lines.find(([kind]) => kind === name)?.[1] ?? '';
  return { agent: idOf('agent'), envoy: idOf('envoy') };
}

function inProxy({ cluster }: Environment, script: string): Promise<string> {
  return cluster.kubectl(['-n', namespace, 'exec', 'deploy/front', '-c', 'istio-proxy', '--', 'sh', '-c', script]);
}

/** Private memory in MiB of every agent of the namespace's pods; their processes are this machine's own. */
async function privateMemory(): Promise<readonly number[]> {
  const { stdout } = await tryRun('pgrep', ['-f', 'agent.js proxy']);
  const found: number[] = [];
  for (const pid of stdout.split('\n').filter((line) => line !== '')) {
    const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (!environ.includes(`POD_NAMESPACE=${namespace}\0`)) continue;
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    const kib = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].map(([, amount]) => Number(amount));
    if (kib.length > 0) found.push(Math.round((kib.reduce((sum, amount) => sum + amount, 0) / 1024) * 10) / 10);
  }
  return found;
}
