import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { virtualServices } from '../../crds/kinds.ts';
import { eventually } from '../../e2e/eventually.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { customResourceDefinitions, endpointSlices, namespaces, services } from '../../lib/kube/resources.ts';
import type { CustomResourceDefinition } from '../../lib/kube/types.ts';
import { backends } from './sidecar-envoy.testing.ts';

const namespace = 'shop';
const options = { fieldManager: 'test', force: true };

/** Services and rules of one namespace, and which backend is whose. */
export class MeshObjects {
  readonly #client: KubeClient;
  readonly #names = new Map<string, string>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Name of each service by the address of its only backend. */
  get names(): ReadonlyMap<string, string> {
    return this.#names;
  }

  /** Makes the namespaces and the kinds that istiod needs. */
  async prepare(): Promise<void> {
    for (const name of [namespace, 'istio-system']) await this.#client.create(namespaces, { metadata: { name } });
    for (const kind of ['virtualservices.networking', 'destinationrules.networking', 'peerauthentications.security']) {
      const file = new URL(`../../charts/meltemi/files/crds/${kind}.istio.io.yaml`, import.meta.url);
      const definition = load(readFileSync(file, 'utf8')) as CustomResourceDefinition;
      await this.#client.apply(customResourceDefinitions, definition, options);
    }
    const served = async () => (await this.#client.list(virtualServices)).items;
    await eventually('VirtualServices to be served', served, { everyMs: 50 });
  }

  /** Adds a service whose backend is one of its own; its endpoints are there before it. */
  async addService(name: string, port = 80): Promise<void> {
    const address = backends.address(this.#names.size);
    this.#names.set(address, name);
    const slice = {
      metadata: { namespace, name, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address] }],
      ports: [{ name: 'http', port: backends.port }],
    };
    await this.#client.apply(endpointSlices, slice, options);
    const spec = { ports: [{ name: 'http', port, targetPort: backends.port }] };
    await this.#client.apply(services, { metadata: { namespace, name }, spec }, options);
  }

  /** Removes a service. Its endpoints stay, as they do for a while in a cluster. */
  async removeService(name: string): Promise<void> {
    await this.#client.delete(services, { namespace, name });
  }

  /** Sends the requests for a host to a service. */
  async addRule(name: string, host: string, to: string): Promise<void> {
    const spec = { hosts: [host], http: [{ route: [{ destination: { host: to } }] }] };
    const metadata = { namespace, name };
    const { group, version, kind } = virtualServices;
    await this.#client.apply(
      virtualServices,
      { apiVersion: `${group}/${version}`, kind, metadata, ...{ spec } },
      options,
    );
  }

  async removeRule(name: string): Promise<void> {
    await this.#client.delete(virtualServices, { namespace, name });
  }
}

/** The host under which a service of the namespace is reached everywhere. */
export function hostOf(service: string): string {
  return `${service}.${namespace}.svc.cluster.local`;
}
