import { gzipSync } from 'node:zlib';
import { isJsonObject, listAt, textAt, textsAt } from '../json.ts';
import type { BundleFiles } from '../bundle.ts';
import { deploymentsOf, gvkOfOwned, gvksOfDefinition, ownedKinds } from './loaded-bundle.ts';
import type { LoadedBundle } from './loaded-bundle.ts';
import type { Rule } from './rule.ts';
import { eachBad, error, unless, warning } from './rule.ts';

/** What fits into a ConfigMap, bytes. */
const maxCompressedSize = 1 << 20;
/** From this share of it on, tools warn. */
const warnShare = 0.85;

/** How the objects of a bundle belong together (operator-framework/api, BundleValidator). */
export const bundleContentRules: readonly Rule[] = [
  {
    name: 'bundle/definitions-are-unique',
    check: ({ definitions }) => {
      const all = definitions.flatMap(gvksOfDefinition);
      return eachBad(
        [...new Set(all)],
        (key) => all.filter((other) => other === key).length > 1,
        (key) => error(`${key} is defined twice`),
      );
    },
  },
  {
    name: 'bundle/owned-kinds-are-defined',
    check: (bundle) => {
      const defined = new Set(bundle.definitions.flatMap(gvksOfDefinition));
      return eachBad(
        ownedKinds(bundle).map(gvkOfOwned),
        (key) => !defined.has(key),
        (key) => error(`${key} is owned and has no definition in the bundle`),
      );
    },
  },
  {
    name: 'bundle/defined-kinds-are-owned',
    check: (bundle) => {
      const owned = new Set(ownedKinds(bundle).map(gvkOfOwned));
      return eachBad(
        bundle.definitions,
        (definition) => !gvksOfDefinition(definition).some((key) => owned.has(key)),
        (definition) => error(`${textAt(definition, 'metadata', 'name')} is in the bundle and not owned`),
      );
    },
  },
  {
    name: 'bundle/no-service-account-of-a-deployment',
    check: (bundle) => {
      const used = deploymentsOf(bundle).map((one) => textAt(one, 'spec', 'template', 'spec', 'serviceAccountName'));
      return eachBad(
        bundle.manifests,
        ({ object }) =>
          textAt(object, 'kind') === 'ServiceAccount' && used.includes(textAt(object, 'metadata', 'name')),
        ({ path }) => error(`${path}: OLM makes this service account from the ClusterServiceVersion`),
      );
    },
  },
  {
    name: 'bundle/release-in-name',
    check: ({ csv, annotations }) => {
      const release = textAt(csv, 'spec', 'release');
      const packageName = textAt(annotations, 'operators.operatorframework.io.bundle.package.v1');
      const expected = `${packageName}-v${textAt(csv, 'spec', 'version')}-${release}`;
      return unless(release === '' || textAt(csv, 'metadata', 'name') === expected, () =>
        error(`with a release of its own the bundle has to be named ${expected}`),
      );
    },
  },
  {
    name: 'bundle/size',
    check: ({ files }) => {
      const size = compressedSize(files);
      if (size > maxCompressedSize)
        return [error(`compressed it has ${size} bytes, and ${maxCompressedSize} is the most`)];
      return unless(size > 0 && size <= warnShare * maxCompressedSize, () =>
        warning(`compressed it has ${size} bytes`),
      );
    },
  },
  {
    name: 'bundle/related-images-parse',
    check: ({ csv }) =>
      eachBad(
        relatedImages(csv),
        (image) => !isImageReference(image),
        (image) => error(`related image "${image}" is no reference of an image`),
      ),
  },
  {
    name: 'bundle/related-images-are-named',
    check: ({ csv }) =>
      eachBad(
        listAt(csv, 'spec', 'relatedImages'),
        (entry) => textAt(entry, 'name') === '',
        (entry) => error(`related image "${textAt(entry, 'image')}" has no name`),
      ),
  },
  {
    name: 'bundle/images-in-use-are-related',
    check: (bundle) => {
      const related = relatedImages(bundle.csv);
      return eachBad(
        imagesInUse(bundle),
        (image) => !related.includes(image),
        (image) => error(`image ${image} is used and not among the related images, so a mirror would lack it`),
      );
    },
  },
];

function relatedImages(csv: unknown): readonly string[] {
  return listAt(csv, 'spec', 'relatedImages').map((entry) => textAt(entry, 'image'));
}

/** Of the containers, and those that they are told of. */
function imagesInUse(bundle: LoadedBundle): readonly string[] {
  const containers = deploymentsOf(bundle)
    .flatMap((one) => ['containers', 'initContainers'].flatMap((key) => listAt(one, 'spec', 'template', 'spec', key)))
    .filter(isJsonObject);
  const told = containers
    .flatMap((container) => textsAt(container, 'args'))
    .flatMap((argument) => [
      ...(/^--[a-z]+-image=(.*)$/.exec(argument)?.slice(1) ?? []),
      ...(argument.startsWith('--release-images=') ? [...argument.matchAll(/:(?:istiod|proxy)=([^,]+)/g)] : []).map(
        ([, image = '']) => image,
      ),
    ]);
  return [...containers.map((container) => textAt(container, 'image')), ...told];
}

/** As it is measured: each file of `manifests/` by itself, compressed and in base64. */
export function compressedSize(files: BundleFiles): number {
  return [...files]
    .filter(([path]) => path.startsWith('manifests/'))
    .reduce((sum, [, text]) => sum + Math.ceil(gzipSync(text).length / 3) * 4, 0);
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const domain =
  '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*';
const reference = new RegExp(
  `^(?:${domain}(?::[0-9]+)?/)?${component}(?:/${component})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`,
);

/** The grammar of distribution/reference, with the one digest that is in use. */
export function isImageReference(text: string): boolean {
  return text !== '' && reference.test(text);
}
