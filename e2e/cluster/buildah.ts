import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cache.ts';
import { run } from './command.ts';

/**
 * Runs buildah on a storage of the project's own, so that no image of the user's is touched. Isolation `chroot` needs
 * no container runtime.
 */
export async function buildah(args: readonly string[]): Promise<string> {
  const folder = join(cacheFolder(), 'buildah');
  await mkdir(folder, { recursive: true });
  const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--storage-driver', 'overlay'];
  return run('buildah', [...storage, ...args], { env: { BUILDAH_ISOLATION: 'chroot' } });
}
