import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultNames, faults, parseFault } from './fault.ts';
import { bundle } from './release.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));

/** The text of all that was bundled, by program. */
async function bundled(version: string, fault?: (typeof faultNames)[number]) {
  const folder = await mkdtemp(join(tmpdir(), 'meltemi-test-'));
  folders.push(folder);
  await bundle(folder, version, fault);
  const text = async (program: string): Promise<string> => {
    const files = (await readdir(join(folder, program), { recursive: true }))
      .filter((name) => name.endsWith('.js'))
      .sort();
    return (await Promise.all(files.map((file) => readFile(join(folder, program, file), 'utf8')))).join('\n');
  };
  return { istiod: await text('bin'), proxy: await text('agent') };
}

describe('the bundles of a test release', () => {
  let good: Awaited<ReturnType<typeof bundled>>;
  beforeAll(async () => {
    good = await bundled('7.8.9');
  });

  it('are of its version, and the same whenever they are made', async () => {
    expect(good.istiod).toContain('7.8.9');
    expect(good.proxy).toContain('7.8.9');
    expect(await bundled('7.8.9')).toEqual(good);
  });

  it.each(faultNames)('with the fault %s differ in one image alone', async (fault) => {
    const bad = await bundled('7.8.9', fault);
    const { image } = faults[fault];
    const other = image === 'istiod' ? 'proxy' : 'istiod';
    expect(bad[image]).not.toBe(good[image]);
    expect(bad[other]).toBe(good[other]);
  });
});

it('a fault that there is none of is refused with those that there are', () => {
  expect(() => parseFault('fire')).toThrow('there is no fault "fire"; there are istiod-crash, sidecar-crash, nack');
});
