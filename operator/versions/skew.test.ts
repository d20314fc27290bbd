import { describe, expect, it } from 'vitest';
import { checkSkew } from './skew.ts';
import { testRelease } from './versions.testing.ts';

const of = (...versions: readonly string[]) =>
  versions.map((version, index) => ({ name: `p${String(index)}.ns`, version }));

describe('the skew of istiod and its proxies', () => {
  it('may be one minor, and patches in any order', () => {
    expect(checkSkew('0.2.1', of('0.1.0', '0.1.9', '0.2.0', '0.2.7', '0.2.0-rc.1', 'custom'))).toBeUndefined();
  });

  it('may not be a proxy that is newer', () => {
    expect(checkSkew('0.1.9', of('0.1.0', '0.2.0', '1.0.0'))).toEqual({
      reason: 'ProxyTooNew',
      message:
        'pods have sidecars newer than their istiod; upgrade istiod first: ' +
        'istiod is 0.1.9, and there are p1.ns (0.2.0), p2.ns (1.0.0)',
    });
  });

  it('may not be two minors, or another major', () => {
    expect(checkSkew('0.3.0', of('0.1.9'))?.reason).toBe('ProxyTooOld');
    expect(checkSkew('1.0.0', of('0.9.0'))?.reason).toBe('ProxyTooOld');
  });

  it('is told with a few names', () => {
    const message = checkSkew('0.1.0', of(...Array.from({ length: 9 }, () => '0.2.0')))?.message;
    expect(message).toContain('p4.ns (0.2.0) and 4 more');
    expect(message).not.toContain('p5.ns');
  });
});

describe('the skew of istiod and Envoy', () => {
  const known = [
    testRelease('0.2.0', { envoy: '1.41.2' }),
    testRelease('0.1.0'),
    testRelease('0.0.1', { envoy: '1.38.0' }),
  ];
  const reason = (envoy: string) => checkSkew('0.2.0', [{ name: 'p.ns', version: '0.1.0', envoy }], known)?.reason;

  it('may be that of the releases that istiod serves', () => {
    expect(['1.40.0', '1.40.7', '1.41.0', '1.41.2', '1.41.2-dev', 'custom'].map(reason)).toEqual(
      Array.from({ length: 6 }, () => undefined),
    );
  });

  it('may be no other', () => {
    expect(reason('1.42.0')).toBe('EnvoyTooNew');
    expect(reason('1.39.9')).toBe('EnvoyTooOld');
    expect(checkSkew('0.2.0', [{ name: 'p.ns', version: '0.1.0', envoy: '1.42.0' }], known)?.message).toContain(
      'istiod is 0.2.0, and there are p.ns (Envoy 1.42.0)',
    );
  });
});
