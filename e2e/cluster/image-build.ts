import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { baseImageKey, ensureBaseImage } from './base-image.ts';
import { buildah } from './buildah.ts';
import { cached, cacheFolder, keepNewest } from './cache.ts';
import { contentHash } from './content-hash.ts';
import { ensurePackages, imagePackages } from './debian-packages.ts';
import { underLock } from './lock.ts';
import { reported, type Progress } from './progress.ts';

/** What an image is made of. */
export interface ImageRecipe {
  /** Name and tag: `meltemi/proxy:0.1.0`. */
  readonly reference: string;
  /** The path of the Dockerfile. It gets its base by `ARG BASE`, unless it is `FROM scratch`. */
  readonly dockerfile: string;
  /** Files and folders on disk by their path in the build's context. */
  readonly files: Readonly<Record<string, string>>;
  /** What tells it from other images of the same reference that are wanted in turns, each of which the cache keeps. */
  readonly variant?: string;
}

/** An image as an archive in the format of `docker save`. */
export interface BuiltImage {
  readonly reference: string;
  readonly archive: string;
  /** Of all that went in: the same digest, the same image. */
  readonly digest: string;
}

const hashLabel = 'dev.meltemi.content-hash';

/** Builds an image, unless one of the same content is in the cache. Needs root. */
export async function buildImage(recipe: ImageRecipe, progress: Progress): Promise<BuiltImage> {
  const { reference } = recipe;
  const text = await readFile(recipe.dockerfile, 'utf8');
  const wantsBase = /^ARG\s+BASE\b/m.test(text);
  const texts = { Dockerfile: text, reference, ...(wantsBase && { base: baseImageKey }) };
  const digest = await contentHash(texts, recipe.files);
  const variant = recipe.variant === undefined ? '' : `+${recipe.variant}`;
  const family = `images/${reference.replaceAll(/[^a-z0-9._-]+/g, '_')}${variant}`;
  const title = `image ${reference}`;
  const folder = await cached(
    {
      key: `${family}/${digest.slice(0, 24)}`,
      title,
      make: async (to) => {
        await ensurePackages(imagePackages, progress);
        const base = wantsBase ? await ensureBaseImage(progress) : undefined;
        await reported(progress, `${title}: building`, () => build(recipe, { to, digest, base }, progress));
      },
    },
    progress,
  );
  await keepNewest(join(cacheFolder(), family));
  return { reference, digest, archive: join(folder, 'image.tar') };
}

interface BuildTarget {
  readonly to: string;
  readonly digest: string;
  readonly base: string | undefined;
}

/** buildah's storage is written by one build at a time: cheaper than its own waiting, and progress says so. */
function build(recipe: ImageRecipe, target: BuildTarget, progress: Progress): Promise<void> {
  return underLock('buildah', progress, `image ${recipe.reference}`, async () => {
    const context = await mkdtemp(join(tmpdir(), 'meltemi-image-'));
    try {
      await assembleContext(context, recipe.files);
      const base = target.base ? ['--build-arg', `BASE=${target.base}`] : [];
      const what = ['--file', recipe.dockerfile, '--label', `${hashLabel}=${target.digest}`, ...base];
      const image = lastWord(await buildah(['build', '--quiet', '--pull-never', ...what, context]));
      await buildah(['push', '--quiet', image, `docker-archive:${join(target.to, 'image.tar')}:${recipe.reference}`]);
      await buildah(['rmi', '--force', image]);
    } finally {
      await rm(context, { recursive: true, force: true });
    }
  });
}

const lastWord = (text: string) => text.trim().split(/\s+/).at(-1) ?? '';

/** Puts the files of an image into a folder, as a build's context. */
export async function assembleContext(context: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, path] of Object.entries(files)) {
    await mkdir(dirname(join(context, name)), { recursive: true });
    await cp(path, join(context, name), { recursive: true, dereference: true });
  }
}
