import { projectImages } from '../lib/images.ts';

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

/** Whether no image can change under its name: what a mirror of a registry needs. */
export function areAllByDigest({ operator, proxy }: BundleImages): boolean {
  return operator.digest !== undefined && proxy.digest !== undefined;
}
