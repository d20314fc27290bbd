import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseVersion } from '../../lib/semver.ts';
import { buildBundles } from '../../scripts/bundles.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { envoyBinary } from '../cluster/envoy-binary.ts';
import type { BuiltImage } from '../cluster/image-build.ts';
import { buildImage } from '../cluster/image-build.ts';
import { meltemiRecipe, proxyRecipe } from '../cluster/meltemi-images.ts';
import { reported, type Progress } from '../cluster/progress.ts';
import { packagedChart } from './chart-package.ts';
import type { FaultName } from './fault.ts';
import { faults } from './fault.ts';
import { swapModule } from './swap-module.ts';

/** Everything of one version, made from this tree. */
export interface TestRelease {
  readonly version: string;
  readonly fault?: FaultName;
  /** The operator's and istiod's, and the sidecar's. Under the same names whatever the fault. */
  readonly images: { readonly istiod: BuiltImage; readonly proxy: BuiltImage };
  /** Path of the packaged chart, which installs the operator of this version. */
  readonly chartPath: string;
  /** Makes the images available in a local cluster, in place of others of this version; gives those that it lacked. */
  readonly loadInto: (cluster: Pick<Cluster, 'loadImages'>) => Promise<readonly string[]>;
}

export interface ReleaseOptions {
  readonly fault?: FaultName;
}

/**
 * A release of a version, built where its content has changed. It is this tree but for what it says its version is,
 * and for the fault.
 */
export async function ensureRelease(
  version: string,
  { fault }: ReleaseOptions,
  progress: Progress,
): Promise<TestRelease> {
  if (parseVersion(version) === undefined) throw new Error(`"${version}" is not a version (MAJOR.MINOR.PATCH)`);
  const chartPath = await packagedChart(version, progress);
  const images = await buildImages(version, fault, progress);
  return {
    version,
    ...(fault === undefined ? {} : { fault }),
    images,
    chartPath,
    loadInto: (cluster) => cluster.loadImages([images.istiod, images.proxy]),
  };
}

async function buildImages(
  version: string,
  fault: FaultName | undefined,
  progress: Progress,
): Promise<TestRelease['images']> {
  const envoy = await envoyBinary(progress);
  const bundles = await mkdtemp(join(tmpdir(), 'meltemi-release-'));
  try {
    await reported(progress, `release ${titleOf(version, fault)}: bundling`, () => bundle(bundles, version, fault));
    const source = { version, bundles };
    const variant = (image: 'istiod' | 'proxy') =>
      fault !== undefined && faults[fault].image === image ? { variant: fault } : {};
    const istiod = await buildImage({ ...meltemiRecipe(source), ...variant('istiod') }, progress);
    const proxy = await buildImage({ ...proxyRecipe(envoy, source), ...variant('proxy') }, progress);
    return { istiod, proxy };
  } finally {
    await rm(bundles, { recursive: true, force: true });
  }
}

/** Writes `bin/` and `agent/` of a release into a folder. */
export async function bundle(to: string, version: string, fault?: FaultName): Promise<void> {
  if (fault === undefined) return buildBundles({ to, version });
  const swap = swapModule(faults[fault]);
  await buildBundles({ to, version, plugins: [swap.plugin] });
  if (swap.taken() === 0) throw new Error(`fault ${fault}: nothing imports ${faults[fault].module} any more`);
}

function titleOf(version: string, fault: FaultName | undefined): string {
  return fault === undefined ? version : `${version} with fault ${fault}`;
}
