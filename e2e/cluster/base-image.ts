import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildah } from './buildah.ts';
import { cached } from './cache.ts';
import { run } from './command.ts';
import { reported, type Progress } from './progress.ts';

const suite = 'bookworm';

/** Beside what Debian calls essential: roots for Envoy, iptables and ip for the init container, the C++ library for Node. */
const packages = ['ca-certificates', 'iproute2', 'iptables', 'libstdc++6'];

const mmdebstrapArguments = [
  ...['--quiet', '--variant=essential', `--include=${packages.join(',')}`],
  ...['doc', 'info', 'locale', 'man'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
];

/** Says which base it is; images are built anew when it changes. */
export const baseImageKey = createHash('sha256')
  .update(JSON.stringify([suite, mmdebstrapArguments]))
  .digest('hex')
  .slice(0, 12);

/** A small Debian out of Debian's own archive, as an image in buildah's storage; gives its name there. */
export async function ensureBaseImage(progress: Progress): Promise<string> {
  const title = `base image (Debian ${suite})`;
  const name = `localhost/meltemi-base:${baseImageKey}`;
  const make = (to: string) =>
    reported(progress, `${title}: installing, about a minute`, async () => {
      await run('mmdebstrap', [...mmdebstrapArguments, suite, join(to, 'base.tar')]);
    });
  const folder = await cached({ key: `base-image/${suite}-${baseImageKey}`, title, make }, progress);
  const known = (await buildah(['images', '--quiet', '--filter', `reference=${name}`])).trim() !== '';
  if (!known) await reported(progress, `${title}: importing`, () => importArchive(folder, name));
  return name;
}

async function importArchive(folder: string, name: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'meltemi-base-'));
  try {
    const dockerfile = join(scratch, 'Dockerfile');
    await writeFile(dockerfile, 'FROM scratch\nADD base.tar /\n');
    await buildah(['build', '--quiet', '--file', dockerfile, '--tag', name, folder]);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
