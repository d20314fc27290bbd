import { projectImages } from '../lib/images.ts';
import type { ReleaseImages } from '../operator/versions/release-images.ts';
import { imagesOfVersion } from '../operator/versions/release-images.ts';

/** Where an image is: by digest when there is one, else by tag. */
export interface ImageLocation {
  readonly repository: string;
  readonly tag: string;
  /** `sha256:…`. */
  readonly digest?: string;
}

/** The images of a version. istiod runs from the operator's. */
export interface BundleImages {
  readonly operator: ImageLocation;
  readonly proxy: ImageLocation;
  /** The bundle itself, as the catalog points to it. */
  readonly bundle: ImageLocation;
  /** Images of earlier releases, which a MeshControlPlane can ask for, that are not beside those of this one. */
  readonly former?: ReleaseImages;
}

/** The images under the names that the project gives them. */
export function defaultImages(version: string): BundleImages {
  const { istiod, proxy } = projectImages(version);
  return { operator: location(istiod), proxy: location(proxy), bundle: { repository: 'meltemi/bundle', tag: version } };
}

/** `repository@digest`, or `repository:tag`. */
export function referenceOf({ repository, tag, digest }: ImageLocation): string {
  return digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`;
}

/**
 * The inverse of `referenceOf`.
 * @throws Error for a reference with neither tag nor digest.
 */
export function location(reference: string): ImageLocation {
  const [name = '', digest] = reference.split('@');
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  if (!hasTag && digest === undefined) throw new Error(`image ${reference}: has neither tag nor digest`);
  return {
    repository: hasTag ? name.slice(0, colon) : name,
    tag: hasTag ? name.slice(colon + 1) : '',
    ...(digest === undefined ? {} : { digest }),
  };
}

/** An image that has to be where the cluster can pull it, also in a mirror of a registry. */
export interface RelatedImage {
  readonly name: string;
  readonly image: string;
}

/** Every image that the operator of a version may run: its own, and those of the releases before it. */
export function relatedImages(
  version: string,
  earlier: readonly string[],
  images: BundleImages,
): readonly RelatedImage[] {
  const own = { istiod: referenceOf(images.operator), proxy: referenceOf(images.proxy) };
  const sources = { version, images: own, ...(images.former === undefined ? {} : { releaseImages: images.former }) };
  return [
    { name: 'operator', image: own.istiod },
    { name: 'proxy', image: own.proxy },
    ...earlier.flatMap((release) => {
      const { istiod, proxy } = imagesOfVersion(release, sources);
      return [
        { name: `operator-${release}`, image: istiod },
        { name: `proxy-${release}`, image: proxy },
      ];
    }),
  ];
}
