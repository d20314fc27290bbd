import { load } from 'js-yaml';
import type { KubeObject } from '../../lib/kube/object.ts';
import { namespaces } from '../../lib/kube/resources.ts';
import type { BundleFiles } from '../../olm/bundle.ts';
import { csvFile, renderedBundle } from '../../olm/bundle.ts';
import type { BundleSource } from '../../olm/cluster-service-version.ts';
import { clusterServiceVersion } from '../../olm/cluster-service-version.ts';
import { isJsonObject, textAt } from '../../olm/json.ts';
import { operatorConditions, upgradeableType } from '../../operator/operator-condition.ts';
import type { Environment } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { clusterServiceVersions, olmDefinitions } from './definitions.ts';
import { installedObjects, ownerLabels } from './installed-objects.ts';

/** Does by hand, step by step, what OLM does with bundles; OLM itself needs images from a registry of bundles. */
export class OlmInstaller {
  readonly #environment: Environment;
  readonly namespace: string;

  constructor(environment: Environment, namespace: string) {
    this.#environment = environment;
    this.namespace = namespace;
  }

  /** What is in a cluster that has OLM. */
  async prepare(): Promise<void> {
    const { cluster, client } = this.#environment;
    await this.#apply(olmDefinitions);
    const names = olmDefinitions.map(({ metadata }) => `crd/${metadata.name}`);
    await cluster.kubectl(['wait', ...names, '--for=condition=Established', '--timeout=30s']);
    if ((await client.get(namespaces, { name: this.namespace })) === undefined) {
      await client.create(namespaces, { metadata: { name: this.namespace } });
    }
  }

  /**
   * The kinds of the bundle, its ClusterServiceVersion, and all that is made from that. What another version has made is
   * left alone. Resolves when the operator is available.
   */
  async install(source: BundleSource): Promise<void> {
    const { cluster, client } = this.#environment;
    const files = renderedBundle(source);
    const csv = clusterServiceVersion(source);
    const definitions = manifestsOf(files).filter(({ kind }) => kind === 'CustomResourceDefinition');
    await this.#apply(definitions);
    const names = definitions.map(({ metadata }) => `crd/${metadata.name}`);
    await cluster.kubectl(['wait', ...names, '--for=condition=Established', '--timeout=60s']);
    await this.#apply([csv]);
    const { name } = csv.metadata;
    const uid = (await client.get(clusterServiceVersions, { namespace: this.namespace, name }))?.metadata.uid;
    if (uid === undefined) throw new Error(`ClusterServiceVersion ${name} is not there after it was made`);
    await this.#apply(installedObjects({ csv, uid, namespace: this.namespace }));
    await this.#apply(otherObjects(files));
    for (const deployment of csv.spec.install.spec.deployments) {
      const target = ['-n', this.namespace, `deployment/${deployment.name}`];
      await cluster.kubectl(['wait', ...target, '--for=condition=Available', '--timeout=120s']);
    }
  }

  /** What an operator last said about itself; undefined when it has said nothing. */
  async upgradeable(name: string): Promise<'True' | 'False' | 'Unknown' | undefined> {
    const found = await this.#environment.client.get(operatorConditions, { namespace: this.namespace, name });
    return found?.spec?.conditions?.find(({ type }) => type === upgradeableType)?.status;
  }

  /** OLM replaces an operator unless that has said that it must not be. */
  async upgrade(from: string, to: BundleSource): Promise<'held' | 'installed'> {
    if ((await this.upgradeable(from)) === 'False') return 'held';
    await this.install(to);
    return 'installed';
  }

  /** What is owned goes with its owner; what is the cluster's has to be found by its labels. */
  async remove(name: string): Promise<void> {
    const { cluster, client } = this.#environment;
    const selector = Object.entries(ownerLabels(name, this.namespace)).map(([key, value]) => `${key}=${value}`);
    await client.delete(clusterServiceVersions, { namespace: this.namespace, name });
    await eventually(`what ClusterServiceVersion ${name} owned is gone`, async () => {
      const kinds = 'deployments,roles,rolebindings,operatorconditions.v2.operators.coreos.com';
      const left = await cluster.kubectl(['-n', this.namespace, 'get', kinds, '-l', selector.join(), '-o', 'name']);
      return left.trim() === '' ? true : undefined;
    });
    await cluster.kubectl(['delete', 'clusterrolebindings,clusterroles', '-l', selector.join()]);
  }

  /** Takes OLM's own kinds away again, and its namespace. */
  async leave(): Promise<void> {
    const { cluster } = this.#environment;
    const names = olmDefinitions.map(({ metadata }) => metadata.name);
    await cluster.kubectl(['delete', 'namespace', this.namespace, '--ignore-not-found', '--timeout=120s']);
    await cluster.kubectl(['delete', 'crd', ...names, '--ignore-not-found', '--timeout=60s']);
  }

  async #apply(objects: readonly object[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    const how = ['--server-side', '--force-conflicts', '--field-manager=olm'];
    await this.#environment.cluster.kubectl(['apply', ...how, '-n', this.namespace, '-f', '-'], {
      input: JSON.stringify(list),
    });
  }
}

function manifestsOf(files: BundleFiles): readonly KubeObject[] {
  return [...files]
    .filter(([path]) => path.startsWith('manifests/') && path !== csvFile)
    .map(([, text]) => load(text))
    .filter(isKubeObject);
}

function isKubeObject(value: unknown): value is KubeObject {
  return isJsonObject(value) && textAt(value, 'metadata', 'name') !== '';
}

function otherObjects(files: BundleFiles): readonly KubeObject[] {
  return manifestsOf(files).filter(({ kind }) => kind !== 'CustomResourceDefinition');
}
