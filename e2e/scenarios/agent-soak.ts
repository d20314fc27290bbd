import { setTimeout as sleep } from 'node:timers/promises';
import { agentMemory, privateMemoryLimit } from '../agent-memory.ts';
import { pods } from '../../lib/kube/resources.ts';
import { ports } from '../../lib/ports.ts';
import type { Environment } from '../environment.ts';
import { ensureMesh } from '../mesh.ts';
import { deployQuotes, scaleQuotes, sendRequests } from '../quotes.ts';
import type { Scenario } from '../scenario.ts';
import { removeNamespace } from './injection.ts';

const namespace = 'e2e-agent-soak';
const sidecars = 10;
/** Between scrapes, as Prometheus does it. */
const scrapeEveryMs = 15_000;
const sampleEveryMs = 60_000;
/** What the medians of the first and the last third may differ by, MiB: the collector's own ups and downs. */
const tolerance = 1;

export const agentSoak: Scenario = {
  name: 'agent-soak',
  summary: 'ten agents, scraped and probed, do not grow over an hour (--minutes)',
  onRequest: true,
  async run(environment, check) {
    const { progress, soakMinutes, cluster } = environment;
    if (!cluster.local) throw new Error('the agents of another cluster cannot be looked into; run it on a local one');
    await ensureMesh(environment);
    try {
      await deployQuotes(environment, namespace);
      await scaleQuotes(environment, namespace, sidecars - 3);
      const largest: number[] = [];
      const started = performance.now();
      let sampledAt = started;
      while (performance.now() - started < soakMinutes * 60_000) {
        await scrapeAll(environment);
        await sendRequests(environment, namespace, { requests: 50 });
        if (performance.now() - sampledAt >= sampleEveryMs) {
          sampledAt = performance.now();
          largest.push(Math.max(...(await agentMemory(namespace))));
          progress(`  after ${largest.length} min: the largest agent holds ${largest.at(-1) ?? 0} MiB`);
        }
        await sleep(scrapeEveryMs);
      }
      const third = Math.floor(largest.length / 3);
      const first = median(largest.slice(0, third));
      const last = median(largest.slice(-third));
      check('there are samples to compare', third >= 3, largest.length);
      check(`no agent held more than ${privateMemoryLimit} MiB`, Math.max(...largest) <= privateMemoryLimit, largest);
      check(`the last third holds at most ${tolerance} MiB more than the first`, last - first <= tolerance, largest);
      return { minutes: soakMinutes, sidecars, firstMiB: first, lastMiB: last, largestMiB: Math.max(...largest) };
    } finally {
      await removeNamespace(environment, namespace);
    }
  },
};

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Reads the merged metrics of every sidecar, as Prometheus would. */
async function scrapeAll({ client }: Environment): Promise<void> {
  const { items } = await client.list(pods, { namespace });
  await Promise.all(
    items.map(async ({ status, metadata }) => {
      const url = `http://${status?.podIP ?? ''}:${ports.agentStatus}/stats/prometheus`;
      const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
      const text = await response.text();
      if (!response.ok || !text.includes('envoy_')) {
        throw new Error(`${metadata.name}: ${url} answered ${response.status} without Envoy's metrics`);
      }
    }),
  );
}
