import { crdName } from '../crds/custom-resource-definition.ts';
import type { KindDefinition } from '../crds/kind.ts';
import { storageVersion } from '../crds/kind.ts';
import type { PolicyRule } from '../lib/kube/types.ts';
import type { ChartRendering } from './chart-rendering.ts';
import type { CrdDescription } from './crd-description.ts';
import { crdDescription } from './crd-description.ts';
import type { BundleImages, RelatedImage } from './images.ts';
import { referenceOf, relatedImages } from './images.ts';
import type { InstallStrategy } from './install-strategy.ts';
import { installStrategy } from './install-strategy.ts';
import { presentationOf } from './kind-presentations.ts';
import type { Icon } from './project.ts';
import { description, icon, project } from './project.ts';
import type { Release } from './releases.ts';
import { csvName, minKubeVersion, upgradeOf } from './releases.ts';

/** What a bundle is made from. */
export interface BundleSource {
  readonly release: Release;
  /** All releases up to this one, which say what it upgrades. */
  readonly releases: readonly Release[];
  readonly images: BundleImages;
  readonly chart: ChartRendering;
  /** What the operator may do in the whole cluster. */
  readonly clusterRules: readonly PolicyRule[];
  /** The kinds that the bundle installs and owns. */
  readonly kinds: readonly KindDefinition[];
  /** The image of the framework's own tests, for a bundle that asks for them. */
  readonly scorecardImage?: string;
}

/** operators.coreos.com/v1alpha1 ClusterServiceVersion, as far as it is filled in. */
export interface ClusterServiceVersion {
  readonly apiVersion: 'operators.coreos.com/v1alpha1';
  readonly kind: 'ClusterServiceVersion';
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: ClusterServiceVersionSpec;
}

export interface ClusterServiceVersionSpec {
  readonly displayName: string;
  readonly description: string;
  readonly version: string;
  readonly replaces?: string;
  readonly maturity: string;
  readonly minKubeVersion: string;
  readonly provider: { readonly name: string; readonly url: string };
  readonly maintainers: readonly { readonly name: string; readonly email: string }[];
  readonly links: readonly { readonly name: string; readonly url: string }[];
  readonly keywords: readonly string[];
  readonly icon: readonly Icon[];
  readonly installModes: readonly { readonly type: string; readonly supported: boolean }[];
  readonly customresourcedefinitions: { readonly owned: readonly CrdDescription[] };
  readonly relatedImages: readonly RelatedImage[];
  readonly install: InstallStrategy;
}

/**
 * The ClusterServiceVersion of a release.
 * @throws Error where a kind has no presentation, or one that its schema does not bear out.
 */
export function clusterServiceVersion(source: BundleSource): ClusterServiceVersion {
  const { release, releases, images, kinds } = source;
  const { replaces } = upgradeOf(release.version, releases);
  return {
    apiVersion: 'operators.coreos.com/v1alpha1',
    kind: 'ClusterServiceVersion',
    metadata: {
      name: csvName(release.version),
      labels: { 'operatorframework.io/arch.amd64': 'supported', 'operatorframework.io/os.linux': 'supported' },
      annotations: annotationsOf(source),
    },
    spec: {
      displayName: project.displayName,
      description: description(),
      version: release.version,
      ...(replaces === undefined ? {} : { replaces }),
      maturity: project.maturity,
      minKubeVersion: minKubeVersion(release.version),
      provider: project.provider,
      maintainers: project.maintainers,
      links: project.links,
      keywords: project.keywords,
      icon: [icon()],
      installModes: installModes(),
      customresourcedefinitions: { owned: kinds.map((kind) => crdDescription(kind, presentationOf(kind))) },
      relatedImages: imagesOf(source),
      install: installStrategy(source, release.version, images),
    },
  };
}

function imagesOf({ release, releases, images }: BundleSource): readonly RelatedImage[] {
  const earlier = releases.map(({ version }) => version).filter((version) => version !== release.version);
  return relatedImages(release.version, earlier, images);
}

/** One operator for the whole cluster: its kinds and webhooks are the cluster's. */
function installModes(): ClusterServiceVersionSpec['installModes'] {
  return ['OwnNamespace', 'SingleNamespace', 'MultiNamespace', 'AllNamespaces'].map((type) => ({
    type,
    supported: type === 'AllNamespaces',
  }));
}

function annotationsOf(source: BundleSource): Readonly<Record<string, string>> {
  const { release, releases, images, kinds } = source;
  const examples = kinds.map(exampleOf);
  const { skipRange } = upgradeOf(release.version, releases);
  const internal = kinds.filter((kind) => presentationOf(kind).internal === true).map(crdName);
  const first = examples.slice(0, 1).map((example) => JSON.stringify(example, undefined, 2));
  return {
    'alm-examples': JSON.stringify(examples, undefined, 2),
    capabilities: project.capabilities,
    categories: project.categories.join(','),
    certified: 'false',
    containerImage: referenceOf(images.operator),
    createdAt: release.createdAt,
    description: project.summary,
    'operatorframework.io/initialization-resource': first.join(''),
    'operators.operatorframework.io/internal-objects': JSON.stringify(internal),
    'operatorframework.io/suggested-namespace': project.suggestedNamespace,
    repository: project.repository,
    support: project.provider.name,
    ...(skipRange === undefined ? {} : { 'olm.skipRange': skipRange }),
    ...features(imagesOf(source)),
  };
}

/** An object to begin with. */
export function exampleOf(kind: KindDefinition): object {
  const { metadata, spec } = presentationOf(kind).example;
  return { apiVersion: `${kind.group}/${storageVersion(kind)}`, kind: kind.kind, metadata, spec };
}

/** What the operator can do of what OpenShift lets its users ask for; it needs nothing from a cloud. */
function features(images: readonly RelatedImage[]): Readonly<Record<string, string>> {
  const supported: Readonly<Record<string, boolean>> = {
    // A mirror knows images by their content.
    disconnected: images.every(({ image }) => image.includes('@')),
    'fips-compliant': false,
    'proxy-aware': false,
    'tls-profiles': false,
    'token-auth-aws': false,
    'token-auth-azure': false,
    'token-auth-gcp': false,
    cnf: false,
    cni: false,
    csi: false,
  };
  return Object.fromEntries(
    Object.entries(supported).map(([feature, is]) => [`features.operators.openshift.io/${feature}`, String(is)]),
  );
}
