import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { contentHash } from './content-hash.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hash-'));
  await mkdir(join(folder, 'dist'));
  await writeFile(join(folder, 'dist/a'), 'one');
  await writeFile(join(folder, 'b'), 'two');
});
afterAll(() => rm(folder, { recursive: true }));

const hash = () => contentHash({ Dockerfile: 'FROM x' }, { b: join(folder, 'b'), dist: join(folder, 'dist') });

it('is the same for the same content, in whatever order and wherever it is', async () => {
  const other = contentHash({ Dockerfile: 'FROM x' }, { dist: join(folder, 'dist'), b: join(folder, 'b') });
  expect(await other).toBe(await hash());
});

it('changes with a text, a content, a name and an executable bit', async () => {
  const seen = [
    await hash(),
    await contentHash({ Dockerfile: 'FROM y' }, { b: join(folder, 'b'), dist: join(folder, 'dist') }),
  ];
  await writeFile(join(folder, 'dist/a'), 'eno');
  seen.push(await hash());
  await writeFile(join(folder, 'dist/c'), '');
  seen.push(await hash());
  await chmod(join(folder, 'dist/c'), 0o755);
  seen.push(await hash());
  expect(new Set(seen).size).toBe(seen.length);
});
