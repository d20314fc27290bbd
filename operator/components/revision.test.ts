import { describe, expect, it } from 'vitest';
import { testControlPlane } from '../fixtures.testing.ts';
import type { OperatorDefaults } from './revision.ts';
import { wantedContent } from './revision.ts';

const defaults: OperatorDefaults = {
  version: '0.2.0',
  images: { istiod: 'hub.example/meltemi:0.2.0', proxy: 'hub.example/proxy:0.2.0' },
  logFormat: 'json',
};

function wanted(spec: Parameters<typeof testControlPlane>[1], more: Partial<OperatorDefaults> = {}) {
  const { version, images } = wantedContent(testControlPlane('default', spec), { ...defaults, ...more });
  return { version, ...images };
}

describe('what spec.version asks for', () => {
  const own = { version: '0.2.0', istiod: 'hub.example/meltemi:0.2.0', proxy: 'hub.example/proxy:0.2.0' };
  const former = { version: '0.1.0', istiod: 'hub.example/meltemi:0.1.0', proxy: 'hub.example/proxy:0.1.0' };

  it.each([undefined, '0.2.0', 'v0.2.0', '0.2', 'stable', 'latest'])("%s: the operator's own version", (version) => {
    expect(wanted(version === undefined ? {} : { version })).toEqual(own);
  });

  it.each(['0.1.0', 'v0.1.0', '0.1'])('%s: the version before, with its images', (version) => {
    expect(wanted({ version })).toEqual(former);
  });

  it('is had from where the owner says, and from what the spec names before all', () => {
    const releaseImages = new Map([['0.1.0', { istiod: 'mirror.example/m@sha256:11', proxy: 'mirror.example/p:x' }]]);
    const spec = { version: '0.1', proxy: { image: 'own.example/p:y' } };
    expect(wanted(spec, { releaseImages })).toEqual({
      version: '0.1.0',
      istiod: 'mirror.example/m@sha256:11',
      proxy: 'own.example/p:y',
    });
  });
});
