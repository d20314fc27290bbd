import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePause } from './binaries.ts';
import { run } from './command.ts';
import { contentHash } from './content-hash.ts';
import { buildImage, type BuiltImage } from './image-build.ts';
import { referenceInManifest } from './image-reference.ts';
import type { ClusterLayout } from './layout.ts';
import { pauseImage } from './node-config.ts';
import { reported, type Progress } from './progress.ts';

/** Imports an archive of images into the cluster's containerd, where the kubelet finds them by their names. */
export async function importArchive(
  layout: ClusterLayout,
  archive: string,
  what: string,
  progress: Progress,
): Promise<void> {
  await reported(progress, `image ${what}: loading`, () =>
    run('ctr', ['--address', layout.containerd.socket, '--namespace', 'k8s.io', 'images', 'import', archive]),
  );
}

/** The image of the first process of pods. */
export async function buildPauseImage(progress: Progress): Promise<BuiltImage> {
  const dockerfile = fileURLToPath(new URL('../../images/pause/Dockerfile', import.meta.url));
  return buildImage({ reference: pauseImage, dockerfile, files: { pause: await ensurePause(progress) } }, progress);
}

/**
 * Gives `work` an image as an archive: the file that `image` names, or the image of that name in the user's buildah
 * storage.
 */
export async function withArchive<T>(
  image: string,
  progress: Progress,
  work: (built: BuiltImage) => Promise<T>,
): Promise<T> {
  if (existsSync(image)) return work(await describeArchive(image));
  const scratch = await mkdtemp(join(tmpdir(), 'meltemi-load-'));
  try {
    const archive = join(scratch, 'image.tar');
    await reported(progress, `image ${image}: reading from buildah's storage`, () =>
      run('buildah', ['push', '--quiet', image, `docker-archive:${archive}:${image}`]),
    );
    return await work(await describeArchive(archive));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function describeArchive(archive: string): Promise<BuiltImage> {
  try {
    const reference = referenceInManifest(await run('tar', ['-xOf', archive, 'manifest.json']));
    return { reference, archive, digest: await contentHash({}, { archive }) };
  } catch (error) {
    throw new Error(`${archive} is no archive of an image as "docker save" makes it`, { cause: error });
  }
}
