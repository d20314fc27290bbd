import { describe, expect, it } from 'vitest';
import { imagesOfVersion, parseReleaseImages } from './release-images.ts';

const own = {
  version: '0.2.0',
  images: { istiod: 'registry.example:5000/mesh/istiod:0.2.0', proxy: 'registry.example:5000/mesh/proxy@sha256:22' },
};

describe('the images of a version', () => {
  it("are the operator's own for its own version", () => {
    expect(imagesOfVersion('0.2.0', own)).toEqual(own.images);
  });

  it('are in the same repositories for another one', () => {
    expect(imagesOfVersion('0.1.0', own)).toEqual({
      istiod: 'registry.example:5000/mesh/istiod:0.1.0',
      proxy: 'registry.example:5000/mesh/proxy:0.1.0',
    });
  });

  it('are those that are named for it', () => {
    const releaseImages = parseReleaseImages('0.1.0:istiod=a/b@sha256:11, v0.2.0:proxy=c/d:x,');
    expect(imagesOfVersion('0.1.0', { ...own, releaseImages })).toEqual({
      istiod: 'a/b@sha256:11',
      proxy: 'registry.example:5000/mesh/proxy:0.1.0',
    });
    expect(imagesOfVersion('0.2.0', { ...own, releaseImages })).toEqual({ ...own.images, proxy: 'c/d:x' });
  });
});

it.each(['0.1:istiod=a', '0.1.0:envoy=a', '0.1.0:istiod=', '0.1.0=a', 'istiod=a'])(
  '"%s" is no image of a release',
  (entry) => {
    expect(() => parseReleaseImages(`0.1.0:istiod=a/b:c,${entry}`)).toThrow(`"${entry}" is no image of a release`);
  },
);
