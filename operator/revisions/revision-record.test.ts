import { describe, expect, it } from 'vitest';
import { wantedContent } from '../components/revision.ts';
import { istiodConfigText } from '../components/configuration.ts';
import { deployment } from '../components/deployment.ts';
import { revisionOf, revisionOfRecord } from '../components/revision.ts';
import { testControlPlane, testDefaults } from '../fixtures.testing.ts';
import { adoptedRecord } from './adopted-record.ts';
import { bareSpec, homeOf, recordName, recordOf, sameContent } from './revision-record.ts';

const home = { controlPlane: 'default', prefix: 'default', namespace: 'istio-system' };
const content = (spec: Parameters<typeof testControlPlane>[1] = {}) =>
  wantedContent(testControlPlane('default', spec), testDefaults);

describe('recordOf', () => {
  it('names a record after its control plane, its version and its content', () => {
    const { name, spec } = recordOf(home, content(), 'default');
    // The same in every operator, for ever: the names of what is installed depend on it.
    expect(name).toBe('default-0-1-0-dc4ee8a6');
    expect(spec).toMatchObject({
      controlPlane: 'default',
      revision: 'default',
      version: '0.1.0',
      images: testDefaults.images,
      meshConfig: { trustDomain: 'cluster.local' },
    });
  });

  it('gives other content another name, and the same content the same one, however it is written', () => {
    const name = (spec: Parameters<typeof testControlPlane>[1]) => recordOf(home, content(spec), 'default').name;
    expect(name({ meshConfig: { trustDomain: 'other' } })).not.toBe(name({}));
    expect(name({ proxy: { image: 'own:1' } })).not.toBe(name({}));
    expect(name({ meshConfig: { trustDomain: 'cluster.local' }, proxy: { logLevel: 'warning' } })).toBe(name({}));
    expect(name({ proxy: { image: testDefaults.images.proxy } })).toBe(name({}));
    expect(name({ meshConfig: { mtls: { mode: 'STRICT' }, trustDomain: 'a' } })).toBe(
      name({ meshConfig: { trustDomain: 'a', mtls: { mode: 'STRICT' } } }),
    );
  });

  it('makes no difference between sizes of istiod, which hold for all revisions', () => {
    expect(sameContent(content({ pilot: { replicas: 5 } }), content())).toBe(true);
  });

  it('tells a revision that runs beside others from one that has the name of its control plane', () => {
    const beside = recordOf(home, content());
    expect(beside.spec.revision).toBe(beside.name);
    expect(beside.name).not.toBe(recordOf(home, content(), 'default').name);
    expect(sameContent(beside.spec, content())).toBe(true);
  });

  it('is written without what the API server fills in', () => {
    const { spec } = recordOf(home, content({ telemetry: { metrics: { merge: false } } }), 'default');
    expect(bareSpec(spec)).toEqual({
      ...{ controlPlane: 'default', revision: 'default', namespace: 'istio-system', version: '0.1.0' },
      images: testDefaults.images,
      telemetry: { metrics: { merge: false } },
    });
  });
});

describe('recordName', () => {
  it.each([
    ['default', '0.1.0', 'default-0-1-0-0123abcd'],
    ['default', '1.2.3-rc.1+build', 'default-1-2-3-rc-1-build-0123abcd'],
    // What does not fit is cut, the version first, but not all of it.
    ['a'.repeat(30), '1.2.3-alpha.with.a.long.tail', `${'a'.repeat(30)}-1-2-3-alpha-with-0123abcd`],
    ['a'.repeat(56), '10.20.30-rc.1', `${'a'.repeat(38)}-10-20-30-0123abcd`],
    [`${'a'.repeat(37)}-${'b'.repeat(18)}`, '10.20.30', `${'a'.repeat(37)}-10-20-30-0123abcd`],
  ])('makes of %s and %s a name that fits', (prefix, version, name) => {
    expect(recordName(prefix, version, '0123abcd')).toBe(name);
    expect(name.length).toBeLessThanOrEqual(56);
  });
});

describe('adoptedRecord', () => {
  const controlPlane = testControlPlane('default', { proxy: { logLevel: 'debug' }, ca: { keyType: 'RSA-4096' } });
  const revision = revisionOf(controlPlane, testDefaults, undefined);
  const live = {
    deployment: deployment(revision).object,
    configuration: { metadata: { name: 'istio' }, data: { 'mesh.yaml': istiodConfigText(revision) } },
  };
  const facts = { revision: 'default', version: '0.1.0', addedPullSecrets: [] };

  it('is, of an istiod as it was installed, the record of what installed it', () => {
    const record = adoptedRecord(homeOf(controlPlane), live, facts);
    expect(record?.name).toBe(revision.record);
    if (record === undefined) throw new Error('nothing was adopted');
    expect(deployment(revisionOfRecord(controlPlane, record, testDefaults, undefined))).toEqual(deployment(revision));
  });

  it('leaves out what the operator adds by itself, and nothing else', () => {
    const pullSecrets = { istiod: [], proxy: [{ name: 'mirror' }] };
    const added = revisionOf(controlPlane, { ...testDefaults, pullSecrets }, undefined);
    const data = { 'mesh.yaml': istiodConfigText(added) };
    const configuration = { metadata: { name: 'istio' }, data };
    const adopt = (addedPullSecrets: readonly { readonly name: string }[]) =>
      adoptedRecord(homeOf(controlPlane), { ...live, configuration }, { ...facts, addedPullSecrets });
    expect(adopt(pullSecrets.proxy)?.name).toBe(revision.record);
    expect(adopt([])?.spec.proxy.imagePullSecrets).toEqual(pullSecrets.proxy);
  });

  it('is none where there is no istiod, or none that can be read', () => {
    const { configuration } = live;
    expect(adoptedRecord(homeOf(controlPlane), { deployment: undefined, configuration }, facts)).toBeUndefined();
    for (const text of ['mesh: [', 'unknown: 1', '']) {
      const unreadable = { ...live, configuration: { ...configuration, data: { 'mesh.yaml': text } } };
      expect(adoptedRecord(homeOf(controlPlane), unreadable, facts)).toBeUndefined();
    }
  });
});
