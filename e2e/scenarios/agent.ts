import { agentMemory, privateMemoryLimit } from '../agent-memory.ts';
import type { Environment } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { ensureMesh } from '../mesh.ts';
import { deployQuotes, scaleQuotes, sendRequests, startRequests } from '../quotes.ts';
import type { Scenario } from '../scenario.ts';
import { removeNamespace } from './injection.ts';

const namespace = 'e2e-agent';
const sidecars = 10;

export const agent: Scenario = {
  name: 'agent',
  summary:
    'ten agents on a node stay small; one that crashes leaves Envoy running, and an Envoy that crashes comes back',
  async run(environment, check) {
    await ensureMesh(environment);
    try {
      await deployQuotes(environment, namespace);
      await scaleQuotes(environment, namespace, sidecars - 3);
      await sendRequests(environment, namespace, { requests: 500 });

      // The processes of another machine's nodes cannot be looked into.
      const memory = environment.cluster.local ? await agentMemory(namespace) : undefined;
      if (memory !== undefined) {
        check('all agents were found', memory.length === sidecars, memory);
        const fits = Math.max(...memory) <= privateMemoryLimit;
        check(`an agent holds at most ${privateMemoryLimit} MiB for itself`, fits, memory);
      }

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
      return { sidecars, privateMiB: memory, requests, failedRequests };
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
