import { writeState, readState } from './cluster-state.ts';
import type { BuiltImage } from './image-build.ts';
import { importArchive } from './image-load.ts';
import { shortReference } from './image-reference.ts';
import { layoutOf } from './layout.ts';
import { underLock } from './lock.ts';
import type { Progress } from './progress.ts';

/** Loads images into the cluster of a name, but for those that it has already. Gives the references of what it loaded. */
export async function loadImages(
  name: string,
  images: readonly BuiltImage[],
  progress: Progress,
): Promise<readonly string[]> {
  const layout = layoutOf(name);
  return underLock(layout.folder, progress, `cluster ${name}`, async () => {
    const loaded: string[] = [];
    for (const { reference, archive, digest } of images) {
      const state = await readState(layout.stateFile);
      if (!state) throw new Error(`there is no cluster ${name} to load ${reference} into; start it with "up"`);
      const key = shortReference(reference);
      if (state.images[key] === digest) continue;
      await importArchive(layout, archive, reference, progress);
      await writeState(layout.stateFile, { ...state, images: { ...state.images, [key]: digest } });
      loaded.push(reference);
    }
    return loaded;
  });
}
