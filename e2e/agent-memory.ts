import { readFile } from 'node:fs/promises';
import { tryRun } from './cluster/command.ts';

/** What one agent may hold for itself, MiB; pages shared with others of the node aside. */
export const privateMemoryLimit = 22;

/** Private memory in MiB of every agent in a namespace's pods, whose processes are this machine's own. */
export async function agentMemory(namespace: string): Promise<readonly number[]> {
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
