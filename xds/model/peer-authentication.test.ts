import { describe, expect, it } from 'vitest';
import { aPeerAuthentication, anEndpoint } from './model-testing.ts';
import { defaultMeshSettings as settings } from './mesh-settings.ts';
import { endpointTlsMode, inferServiceMutualTls, mutualTlsModeOf } from './peer-authentication.ts';

const workload = { namespace: 'default', labels: { app: 'web' } };
const mesh = aPeerAuthentication({ mtls: { mode: 'STRICT' } }, { name: 'mesh', namespace: 'istio-system' });
const namespace = aPeerAuthentication({ mtls: { mode: 'DISABLE' } }, { name: 'namespace' });
const selector = { matchLabels: { app: 'web' } };

describe('mutualTlsModeOf', () => {
  it('is the setting of the mesh where no policy is', () => {
    expect(mutualTlsModeOf([], settings, workload)).toBe('PERMISSIVE');
    expect(mutualTlsModeOf([], { ...settings, mutualTlsMode: 'STRICT' }, workload)).toBe('STRICT');
  });

  it("takes the narrowest: workload's before namespace's before mesh's", () => {
    const own = aPeerAuthentication({ selector, mtls: { mode: 'PERMISSIVE' } });
    expect(mutualTlsModeOf([mesh], settings, workload)).toBe('STRICT');
    expect(mutualTlsModeOf([mesh, namespace], settings, workload)).toBe('DISABLE');
    expect(mutualTlsModeOf([mesh, namespace, own], settings, workload)).toBe('PERMISSIVE');
    expect(mutualTlsModeOf([mesh, namespace, own], settings, { namespace: 'default', labels: {} })).toBe('DISABLE');
  });

  it('inherits where a policy says UNSET or nothing', () => {
    const unset = aPeerAuthentication({ mtls: { mode: 'UNSET' } });
    const silent = aPeerAuthentication({ selector });
    expect(mutualTlsModeOf([mesh, unset, silent], settings, workload)).toBe('STRICT');
  });

  it('takes the oldest of several policies of one scope', () => {
    const younger = aPeerAuthentication({ mtls: { mode: 'STRICT' } }, { name: 'younger' });
    expect(mutualTlsModeOf([namespace, younger], settings, workload)).toBe('DISABLE');
  });

  it("lets a port differ, UNSET meaning the workload's", () => {
    const own = aPeerAuthentication({
      selector,
      mtls: { mode: 'STRICT' },
      portLevelMtls: { '8080': { mode: 'DISABLE' }, '9090': { mode: 'UNSET' } },
    });
    expect(mutualTlsModeOf([own], settings, workload, 8080)).toBe('DISABLE');
    expect(mutualTlsModeOf([own], settings, workload, 9090)).toBe('STRICT');
    expect(mutualTlsModeOf([own], settings, workload, 1)).toBe('STRICT');
  });

  it('keeps a policy with a selector to its own namespace, in the root namespace too', () => {
    const ofRoot = aPeerAuthentication({ selector, mtls: { mode: 'DISABLE' } }, { namespace: 'istio-system' });
    expect(mutualTlsModeOf([ofRoot], settings, workload)).toBe('PERMISSIVE');
  });
});

describe('what clients assume', () => {
  it('follows the policies of mesh and namespace only', () => {
    const own = aPeerAuthentication({ selector, mtls: { mode: 'STRICT' } });
    expect(inferServiceMutualTls([namespace, own], settings, { namespace: 'default' })).toBe('DISABLE');
    expect(inferServiceMutualTls([own], settings, { namespace: 'default' })).toBe('PERMISSIVE');
  });

  it('takes an endpoint for plaintext whose own policy turns mutual TLS off', () => {
    const off = aPeerAuthentication({ selector, portLevelMtls: { '8080': { mode: 'DISABLE' } } });
    const endpoint = anEndpoint({ labels: { app: 'web' } });
    expect(endpointTlsMode([off], settings, endpoint)).toBe('disabled');
    expect(endpointTlsMode([off], settings, { ...endpoint, port: 9090 })).toBe('istio');
    expect(endpointTlsMode([], settings, { ...endpoint, tlsMode: 'disabled' })).toBe('disabled');
  });
});
