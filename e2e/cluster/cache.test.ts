import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cached, cacheFolder } from './cache.ts';

const silent = () => undefined;
let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cache-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('cached', () => {
  const entry = (make: (folder: string) => Promise<void>) => ({ key: 'tool/1', title: 'tool 1', make });

  it('makes an entry once, for all who ask at the same time and later', async () => {
    let made = 0;
    const make = async (folder: string) => {
      made++;
      await writeFile(join(folder, 'tool'), 'works');
    };
    const folders = await Promise.all([1, 2, 3].map(() => cached(entry(make), silent, root)));
    folders.push(await cached(entry(make), silent, root));
    expect(new Set(folders)).toEqual(new Set([join(root, 'tool/1')]));
    expect(await readFile(join(root, 'tool/1/tool'), 'utf8')).toBe('works');
    expect(made).toBe(1);
  });

  it('keeps nothing of an entry that could not be made, and tries again', async () => {
    const fail = async (folder: string) => {
      await writeFile(join(folder, 'half'), '');
      throw new Error('no luck');
    };
    await expect(cached(entry(fail), silent, root)).rejects.toThrow('no luck');
    expect(await readdir(join(root, 'tool'))).toEqual([]);
    await cached(
      entry(() => Promise.resolve()),
      silent,
      root,
    );
    expect(await readdir(join(root, 'tool'))).toEqual(['1']);
  });

  it('removes what a killed process left of the same entry, and nothing else', async () => {
    for (const name of ['.1.unfinished-abc', '2', '.2.unfinished-abc'])
      await mkdir(join(root, 'tool', name), { recursive: true });
    await cached(
      entry(() => Promise.resolve()),
      silent,
      root,
    );
    expect((await readdir(join(root, 'tool'))).sort()).toEqual(['.2.unfinished-abc', '1', '2']);
  });
});

describe('cacheFolder', () => {
  it('follows XDG_CACHE_HOME where that is an absolute path', () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/c' })).toBe('/c/meltemi');
    expect(cacheFolder({ XDG_CACHE_HOME: 'c' })).toMatch(/\/\.cache\/meltemi$/);
    expect(cacheFolder({})).toMatch(/\/\.cache\/meltemi$/);
  });
});
