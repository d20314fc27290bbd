import { repositoryOf } from '../../lib/images.ts';
import { parseVersion } from '../../lib/semver.ts';

/** The images of one version. */
export interface ImagePair {
  readonly istiod: string;
  readonly proxy: string;
}

/** Images that are elsewhere than their version suggests, by version. */
export type ReleaseImages = ReadonlyMap<string, Partial<ImagePair>>;

/** What the images of a version are found by. */
export interface ImageSources {
  /** The operator's own version. */
  readonly version: string;
  /** The images of that version. */
  readonly images: ImagePair;
  readonly releaseImages?: ReleaseImages;
}

/**
 * The images of a version: those that are named for it; the operator's own for its own version; else the operator's
 * own repositories, with the version as the tag.
 */
export function imagesOfVersion(version: string, { version: own, images, releaseImages }: ImageSources): ImagePair {
  const named = releaseImages?.get(version);
  const { istiod, proxy } = version === own ? images : retagged(images, version);
  return { istiod: named?.istiod ?? istiod, proxy: named?.proxy ?? proxy };
}

function retagged({ istiod, proxy }: ImagePair, version: string): ImagePair {
  return { istiod: `${repositoryOf(istiod)}:${version}`, proxy: `${repositoryOf(proxy)}:${version}` };
}

/**
 * `0.1.0:istiod=registry.example/meltemi@sha256:…,0.1.0:proxy=…`
 * @throws Error that names the entry which is none.
 */
export function parseReleaseImages(list: string): ReleaseImages {
  const all = new Map<string, Partial<ImagePair>>();
  for (const entry of list.split(',').map((text) => text.trim())) {
    if (entry === '') continue;
    const [, version = '', component, image = ''] = /^v?([^:=]+):(istiod|proxy)=(\S+)$/.exec(entry) ?? [];
    if (component === undefined || parseVersion(version) === undefined) {
      throw new Error(`"${entry}" is no image of a release; wanted is VERSION:istiod=IMAGE or VERSION:proxy=IMAGE`);
    }
    all.set(version, { ...all.get(version), [component]: image });
  }
  return all;
}
