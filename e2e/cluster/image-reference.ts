/**
 * An image's name without the registry's, as which containerd may know it under one that is not in the user's words:
 * "example.org/library/web:1" and "web:1" give "web:1".
 */
export function shortReference(reference: string): string {
  const slash = reference.indexOf('/');
  const first = slash < 0 ? '' : reference.slice(0, slash);
  const rest = /[.:]/.test(first) || first === 'localhost' ? reference.slice(slash + 1) : reference;
  return rest.startsWith('library/') ? rest.slice('library/'.length) : rest;
}

/**
 * The first name in the `manifest.json` of an archive in the format of `docker save`.
 * @throws Error when there is none.
 */
export function referenceInManifest(json: string): string {
  const manifest: unknown = JSON.parse(json);
  const images: readonly unknown[] = Array.isArray(manifest) ? manifest : [];
  for (const image of images) {
    const tags = typeof image === 'object' && image !== null && 'RepoTags' in image ? image.RepoTags : undefined;
    const first: unknown = Array.isArray(tags) ? tags[0] : undefined;
    if (typeof first === 'string') return shortReference(first);
  }
  throw new Error('it names no image');
}
