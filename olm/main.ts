import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { argument } from '../lib/command-options.ts';
import { describeError } from '../lib/errors.ts';
import { version as currentVersion } from '../lib/version.ts';
import type { ReleaseImages } from '../operator/versions/release-images.ts';
import { parseReleaseImages } from '../operator/versions/release-images.ts';
import { renderedBundle } from './bundle.ts';
import { renderedCatalog } from './catalog.ts';
import { bundleSource } from './generate.ts';
import type { BundleImages } from './images.ts';
import { defaultImages, location } from './images.ts';
import type { Release } from './releases.ts';
import { releaseOf } from './releases.ts';
import { loadBundle } from './rules/loaded-bundle.ts';
import { rules } from './rules/rules.ts';

/** Writes a bundle and a catalog for images of one's own; what is checked in comes from `npm run generate`. */

interface Flags {
  readonly release: string;
  readonly createdAt?: string;
  readonly operatorImage?: string;
  readonly proxyImage?: string;
  readonly bundleImage?: string;
  readonly releaseImages?: ReleaseImages;
  readonly scorecardImage?: string;
  readonly output: string;
}

const program = new Command('bundle')
  .description(
    'Writes an OLM bundle and a catalog of it for images of your own, and holds it to the rules for bundles.',
  )
  .option('--release <version>', 'which version', currentVersion)
  .option(
    '--created-at <time>',
    'when it was released, RFC 3339, for a version that is not in operator/versions/releases.ts',
  )
  .option('--operator-image <image>', 'the operator, with tag or digest')
  .option('--proxy-image <image>', 'the sidecar, with tag or digest')
  .option('--bundle-image <image>', 'where the bundle itself will be')
  .option(
    '--release-images <list>',
    'images of earlier releases, where they are not beside these: VERSION:istiod=IMAGE,VERSION:proxy=IMAGE,…',
    argument(parseReleaseImages),
  )
  .option('--scorecard-image <image>', "the framework's own tests, to be run by `operator-sdk scorecard`")
  .option('--output <folder>', 'folder to write bundle/ and catalog/ to', 'dist/olm')
  .action(run);

function run(flags: Flags): void {
  const { scorecardImage } = flags;
  const source = {
    ...bundleSource(releaseFor(flags), imagesFor(flags)),
    ...(scorecardImage === undefined ? {} : { scorecardImage }),
  };
  const files = renderedBundle(source);
  const bundle = loadBundle(files);
  for (const { name, check } of rules) {
    for (const { severity, message } of check(bundle)) {
      console.error(`${severity}: ${name}: ${message}`);
      process.exitCode = 1;
    }
  }
  const former = fileURLToPath(new URL('../catalog', import.meta.url));
  if (existsSync(former)) cpSync(former, join(flags.output, 'catalog'), { recursive: true });
  write(join(flags.output, 'bundle'), files);
  write(join(flags.output, 'catalog'), renderedCatalog(source));
  console.log(`${flags.output}: bundle and catalog of ${source.release.version}`);
}

function releaseFor({ release, createdAt }: Flags): Release {
  return createdAt === undefined ? releaseOf(release) : { version: release, createdAt };
}

function imagesFor({ release, operatorImage, proxyImage, bundleImage, releaseImages }: Flags): BundleImages {
  const standard = defaultImages(release);
  return {
    operator: operatorImage === undefined ? standard.operator : location(operatorImage),
    proxy: proxyImage === undefined ? standard.proxy : location(proxyImage),
    bundle: bundleImage === undefined ? standard.bundle : location(bundleImage),
    ...(releaseImages === undefined ? {} : { former: releaseImages }),
  };
}

function write(folder: string, files: ReadonlyMap<string, string>): void {
  for (const [path, text] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

try {
  program.parse();
} catch (error) {
  console.error(`bundle: ${describeError(error)}`);
  process.exitCode = 1;
}
