import { existsSync } from 'node:fs';
import { load, loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { releases } from '../operator/versions/releases.ts';
import { bundleBlobPath, renderedCatalog } from './catalog.ts';
import { bundleSource } from './generate.ts';
import { at, listAt, objectAt, textAt } from './json.ts';

const next = bundleSource({ version: '0.2.0', createdAt: '2027-01-01T00:00:00Z' });
const files = renderedCatalog(next);
const read = (path: string): unknown => load(files.get(path) ?? '');
const channels = loadAll(files.get('meltemi/channels.yaml') ?? '');

// operator-registry, `opm validate`.
describe('the catalog', () => {
  it('has a package with an icon and a default channel that is there', () => {
    const found = read('meltemi/package.yaml');
    expect(found).toMatchObject({ schema: 'olm.package', name: 'meltemi', icon: { mediatype: 'image/svg+xml' } });
    expect(channels.map((channel) => textAt(channel, 'name'))).toContain(textAt(found, 'defaultChannel'));
  });

  it('has channels, in each of which one chain ends at one head', () => {
    expect(channels.map((channel) => textAt(channel, 'name'))).toEqual(['candidate', 'stable', 'stable-v0']);
    for (const channel of channels) {
      const entries = listAt(channel, 'entries');
      const names = entries.map((entry) => textAt(entry, 'name'));
      const replaced = entries.map((entry) => textAt(entry, 'replaces')).filter((name) => name !== '');
      expect(names.filter((name) => !replaced.includes(name))).toEqual(['meltemi.v0.2.0']);
      for (const name of replaced) expect(names).toContain(name);
      expect(new Set(replaced).size).toBe(replaced.length);
    }
  });

  it('has a bundle with its package, its kinds in every version and its description', () => {
    const bundle = read(bundleBlobPath('0.2.0'));
    expect(bundle).toMatchObject({ schema: 'olm.bundle', name: 'meltemi.v0.2.0', image: 'meltemi/bundle:0.2.0' });
    const properties = listAt(bundle, 'properties');
    const values = (type: string): readonly unknown[] =>
      properties.filter((property) => at(property, 'type') === type).map((property) => at(property, 'value'));
    expect(values('olm.package')).toEqual([{ packageName: 'meltemi', version: '0.2.0' }]);
    expect(values('olm.gvk')).toContainEqual({
      group: 'networking.istio.io',
      kind: 'VirtualService',
      version: 'v1alpha3',
    });
    const [metadata] = values('olm.csv.metadata');
    expect(textAt(metadata, 'annotations', 'capabilities')).toBe('Seamless Upgrades');
    expect(listAt(objectAt(metadata, 'crdDescriptions'), 'owned').length).toBeGreaterThan(0);
  });

  it('lists every image that has to be mirrored, the bundle among them', () => {
    const images = listAt(read(bundleBlobPath('0.2.0')), 'relatedImages').map((entry) => textAt(entry, 'image'));
    expect(images).toEqual([
      'meltemi/bundle:0.2.0',
      'meltemi/meltemi:0.2.0',
      'meltemi/proxy:0.2.0',
      'meltemi/meltemi:0.1.0',
      'meltemi/proxy:0.1.0',
    ]);
  });

  it('still has the bundle of each release', () => {
    for (const { version } of releases) {
      expect(existsSync(new URL(`../catalog/${bundleBlobPath(version)}`, import.meta.url)), version).toBe(true);
    }
  });
});
