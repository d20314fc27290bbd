import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { underLock } from './lock.ts';
import type { Progress } from './progress.ts';

/** The folder of this user in which everything is kept that was built or fetched once. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base && base.startsWith('/') ? base : join(homedir(), '.cache'), 'meltemi');
}

/** Something kept in the cache: a folder named by what it is and by all that its content depends on. */
export interface CacheEntry {
  /** `<tool>/<version>`, relative to the cache. */
  readonly key: string;
  /** What to call it in progress lines: "Envoy 1.40.0". */
  readonly title: string;
  /** Fills an empty folder. When it throws, nothing is kept. */
  readonly make: (folder: string) => Promise<void>;
}

/**
 * The folder of an entry, made first when it isn't there yet. It appears whole or not at all, and of several processes
 * that ask at once one makes it while the others wait.
 */
export async function cached(entry: CacheEntry, progress: Progress, root = cacheFolder()): Promise<string> {
  const folder = join(root, entry.key);
  if (existsSync(folder)) return folder;
  await underLock(folder, progress, entry.title, async () => {
    if (!existsSync(folder)) await makeWhole(folder, entry);
  });
  return folder;
}

async function makeWhole(folder: string, entry: CacheEntry): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  await removeLeftovers(folder);
  const unfinished = await mkdtemp(unfinishedPrefix(folder));
  try {
    await entry.make(unfinished);
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

const unfinishedPrefix = (folder: string) => join(dirname(folder), `.${basename(folder)}.unfinished-`);

/** What a killed process left. Only called under the lock, so that nobody is at work in these folders. */
async function removeLeftovers(folder: string): Promise<void> {
  const prefix = basename(unfinishedPrefix(folder));
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(prefix)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

/** Of what takes much space, only the two entries of a folder that were made last are kept. */
export async function keepNewest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  const ages = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })));
  for (const { name } of ages.sort((a, b) => b.at - a.at).slice(2)) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
