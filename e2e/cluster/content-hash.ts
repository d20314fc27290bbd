import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/**
 * A digest of texts and of files and folders (names, executable bits and contents) by the names under which they are
 * given, in hexadecimal. The same content gives the same digest on every machine and in any order.
 */
export async function contentHash(
  texts: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, text] of Object.entries(texts).sort(byName)) hash.update(JSON.stringify(['text', name, text]));
  for (const [name, path] of Object.entries(files).sort(byName)) await addPath(hash, name, path);
  return hash.digest('hex');
}

const byName = (a: readonly [string, string], b: readonly [string, string]) => (a[0] < b[0] ? -1 : 1);

async function addPath(hash: Hash, name: string, path: string): Promise<void> {
  const info = await stat(path);
  if (info.isDirectory()) {
    hash.update(JSON.stringify(['folder', name]));
    for (const entry of (await readdir(path)).sort()) await addPath(hash, `${name}/${entry}`, join(path, entry));
    return;
  }
  hash.update(JSON.stringify(['file', name, info.size, (info.mode & 0o111) !== 0]));
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), async (chunks) => {
    for await (const chunk of chunks as AsyncIterable<Buffer>) hash.update(chunk);
  });
}
