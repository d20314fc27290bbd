import { destinationRules, peerAuthentications, virtualServices } from '../../crds/kinds.ts';
import type { KubeClient, ObjectToWrite } from '../../lib/kube/client.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { endpointSlices, namespaces, nodes, pods, services } from '../../lib/kube/resources.ts';
import { namespaceCount, namespaceOf, nodeCount } from './layout.ts';
import {
  destinationRuleObject,
  nodeObject,
  peerAuthenticationObject,
  podObject,
  podStatus,
  serviceObject,
  sliceObject,
  virtualServiceObject,
} from './mesh-objects.ts';
import type { Random } from './random.ts';

/** How often which kind of change comes, out of the sum. */
const weights = {
  endpoints: 40,
  service: 15,
  virtualService: 20,
  destinationRule: 12,
  podLabels: 10,
  nodeLabels: 1,
  peerAuthentication: 2,
} as const;
export type ChangeKind = keyof typeof weights;
const kinds = Object.keys(weights) as readonly ChangeKind[];
const writeOptions = { fieldManager: 'meltemi-bench', force: true } as const;

/** Writes changes of all kinds to a mesh of its own, one at a time; who exists is known without asking. */
export class MeshChanges {
  readonly #client: KubeClient;
  readonly #services: number;
  readonly #random: Random;
  readonly #absentServices = new Set<number>();
  /** Rules that exist: kind and name. */
  readonly #rules = new Set<string>();

  constructor(client: KubeClient, serviceCount: number, random: Random) {
    this.#client = client;
    this.#services = serviceCount;
    this.#random = random;
  }

  /** Namespaces, nodes, and all services with a pod each. */
  async populate(): Promise<void> {
    for (let at = 0; at < namespaceCount; at++) {
      await this.#put(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceOf(at) } });
    }
    for (let at = 0; at < nodeCount; at++) await this.#put(nodes, nodeObject(at, this.#random));
    for (let at = 0; at < this.#services; at += 20) {
      const some = Array.from({ length: Math.min(20, this.#services - at) }, (_, more) => at + more);
      await Promise.all(
        some.map(async (service) => {
          await this.#put(pods, podObject(service, this.#random));
          await this.#client.apply(pods, podStatus(service), { ...writeOptions, subresource: 'status' });
          await this.#put(services, serviceObject(service, this.#random));
          await this.#put(endpointSlices, sliceObject(service, this.#random));
        }),
      );
    }
  }

  /** Makes one change; says of which kind. */
  async next(): Promise<ChangeKind> {
    const kind = this.#kind();
    const at = this.#random.below(this.#services);
    switch (kind) {
      case 'endpoints':
        if (!this.#absentServices.has(at)) await this.#put(endpointSlices, sliceObject(at, this.#random));
        break;
      case 'service':
        await this.#changeService(at);
        break;
      case 'virtualService':
        await this.#changeRule(virtualServices, virtualServiceObject(at, this.#services, this.#random));
        break;
      case 'destinationRule':
        await this.#changeRule(destinationRules, destinationRuleObject(at, this.#random));
        break;
      case 'podLabels':
        await this.#put(pods, podObject(at, this.#random));
        break;
      case 'nodeLabels':
        await this.#put(nodes, nodeObject(at % nodeCount, this.#random));
        break;
      case 'peerAuthentication':
        await this.#changeRule(peerAuthentications, peerAuthenticationObject(at % namespaceCount, this.#random));
        break;
    }
    return kind;
  }

  #kind(): ChangeKind {
    let left = this.#random.below(Object.values(weights).reduce((sum, weight) => sum + weight, 0));
    return kinds.find((kind) => (left -= weights[kind]) < 0) ?? 'endpoints';
  }

  async #changeService(service: number): Promise<void> {
    const object = serviceObject(service, this.#random);
    if (this.#absentServices.delete(service)) {
      await this.#put(services, object);
      await this.#put(endpointSlices, sliceObject(service, this.#random));
    } else if (this.#random.chance(0.3)) {
      this.#absentServices.add(service);
      await this.#client.delete(services, object.metadata);
      await this.#client.delete(endpointSlices, object.metadata);
    } else await this.#put(services, object);
  }

  async #changeRule(resource: Resource, object: ObjectToWrite): Promise<void> {
    const key = `${resource.plural}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    if (this.#rules.has(key) && this.#random.chance(0.4)) {
      this.#rules.delete(key);
      await this.#client.delete(resource, object.metadata);
    } else {
      this.#rules.add(key);
      await this.#put(resource, object);
    }
  }

  async #put(resource: Resource, object: ObjectToWrite): Promise<void> {
    await this.#client.apply(resource, object, writeOptions);
  }
}
