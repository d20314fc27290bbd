import { readFileSync } from 'node:fs';
import { kinds } from '../crds/kinds.ts';
import { version as currentVersion } from '../lib/version.ts';
import { releases } from '../operator/versions/releases.ts';
import { operatorRules } from '../operator/operator-rules.ts';
import { renderedBundle } from './bundle.ts';
import { renderedCatalog } from './catalog.ts';
import { readChartRendering } from './chart-rendering.ts';
import type { BundleSource } from './cluster-service-version.ts';
import type { BundleImages } from './images.ts';
import { defaultImages } from './images.ts';
import type { Release } from './releases.ts';
import { byVersion, releaseOf } from './releases.ts';

/**
 * What the bundle of a version is made from, with everything else as this tree has it.
 * @throws Error for a version that is not among the releases.
 */
export function bundleSource(
  release: Release = releaseOf(currentVersion),
  images: BundleImages = defaultImages(release.version),
): BundleSource {
  const earlier = releases.filter(({ version }) => byVersion(version, release.version) < 0);
  const chart = readFileSync(new URL('chart.rendering.yaml', import.meta.url), 'utf8');
  return {
    release,
    releases: [...earlier, release],
    images,
    chart: readChartRendering(chart),
    clusterRules: operatorRules,
    kinds,
  };
}

/** The bundle and the catalog of this tree's version, by path from the root of the repository. */
export function renderedPackage(): ReadonlyMap<string, string> {
  const source = bundleSource();
  return new Map([...under('bundle', renderedBundle(source)), ...under('catalog', renderedCatalog(source))]);
}

function under(folder: string, files: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...files].map(([path, text]) => [`${folder}/${path}`, text]));
}
