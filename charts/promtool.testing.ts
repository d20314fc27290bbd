import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from '../e2e/cluster/cache.ts';
import { run, tryRun } from '../e2e/cluster/command.ts';
import { findCommand } from '../e2e/cluster/debian-packages.ts';
import type { Progress } from '../e2e/cluster/progress.ts';
import { reported } from '../e2e/cluster/progress.ts';

/** Prometheus' own tool, the machine's or out of Debian's package, which is not installed. */
export async function ensurePromtool(progress: Progress): Promise<string> {
  const present = findCommand('promtool');
  if (present !== undefined) return present;
  const make = (to: string) => reported(progress, 'promtool: fetching', () => extract(to));
  return join(await cached({ key: 'promtool/debian', title: 'promtool', make }, progress), 'promtool');
}

async function extract(to: string): Promise<void> {
  const download = ['download', '--quiet', '--quiet', 'prometheus'];
  if ((await tryRun('apt-get', download, { cwd: to })).code !== 0) {
    await run('apt-get', ['update', '--quiet', '--quiet']);
    await run('apt-get', download, { cwd: to });
  }
  await run('sh', ['-c', 'dpkg-deb --extract prometheus_*.deb package'], { cwd: to });
  await rename(join(to, 'package/usr/bin/promtool'), join(to, 'promtool'));
  await rm(join(to, 'package'), { recursive: true });
  await run('sh', ['-c', 'rm prometheus_*.deb'], { cwd: to });
}
