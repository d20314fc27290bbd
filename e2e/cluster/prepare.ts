import { ensureBaseImage } from './base-image.ts';
import { ensureHelm, ensureKubernetes } from './binaries.ts';
import { clusterPackages, ensurePackages, imagePackages } from './debian-packages.ts';
import { envoyBinary } from './envoy-binary.ts';
import { buildPauseImage } from './image-load.ts';
import type { Progress } from './progress.ts';

/**
 * Has everything in the cache that clusters, images and the demo take. What waits for other machines goes on beside the
 * one long build, which keeps this one's processors busy.
 */
export async function prepare(progress: Progress): Promise<void> {
  const building = ensureKubernetes(progress).then(() => ensureHelm(progress));
  const fetching = ensurePackages([...clusterPackages, ...imagePackages], progress)
    .then(() => envoyBinary(progress))
    .then(() => buildPauseImage(progress))
    .then(() => ensureBaseImage(progress));
  await Promise.all([building, fetching]);
}
