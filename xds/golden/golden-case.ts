import type { JsonObject } from '@bufbuild/protobuf';
import { fromBinary, toJson } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { loadAll, YAML11_SCHEMA } from 'js-yaml';
import type { DestinationRule } from '../../crds/destination-rule.ts';
import type { PeerAuthentication } from '../../crds/peer-authentication.ts';
import type { VirtualService } from '../../crds/virtual-service.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import type { EndpointSlice } from '../../lib/kube/types.ts';
import { silentLogger } from '../../lib/logger.ts';
import { DiscoveryResponseSchema } from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import { envoyRegistry } from '../envoy/registry.ts';
import type { ResourceType } from '../envoy/type-urls.ts';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { Problem } from '../model/problem.ts';
import type { Workload } from '../model/workload.ts';
import { MeshStore } from '../registry/mesh-store.ts';
import { SnapshotEngine } from '../snapshot/snapshot-engine.ts';

/** The first document of a case; everything may be left out. */
interface CaseHead {
  readonly proxy?: Partial<Workload>;
  readonly settings?: Partial<MeshSettings>;
}

/** Route configurations are whole, with their virtual hosts in them. */
type GoldenType = Exclude<ResourceType, 'virtualHost'>;
const goldenTypes: readonly GoldenType[] = ['cluster', 'endpoint', 'listener', 'route'];

/** What one proxy gets, as JSON in Envoy's spelling, and what is wrong with the user's objects. */
export interface GoldenResult {
  readonly resources: Readonly<Record<GoldenType, readonly JsonObject[]>>;
  readonly problems: readonly Problem[];
}

/**
 * Runs a golden case: a YAML stream whose first document is a head (`proxy`, `settings`) and whose others are
 * Kubernetes objects. The way is the real one, from the registry to encoded bytes.
 */
export function runGoldenCase(text: string): GoldenResult {
  const [head, ...objects] = loadAll(text, { schema: YAML11_SCHEMA }) as [CaseHead, ...KubeObject[]];
  const store = new MeshStore({ ...defaultMeshSettings, ...head.settings });
  for (const object of objects) put(store, withNamespace(object));
  const engine = new SnapshotEngine(store, silentLogger);
  const snapshot = engine.open({ ...defaultProxy, ...head.proxy }, () => undefined, 'whole');
  engine.refresh();
  const json = (type: ResourceType): JsonObject[] => {
    const { shared, own } = snapshot.visible(type);
    return [...shared.values(), ...own.values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ sotwBytes }) => decode(sotwBytes));
  };
  return {
    resources: {
      cluster: json('cluster'),
      endpoint: json('endpoint'),
      listener: json('listener'),
      route: json('route'),
    },
    problems: engine.problems,
  };
}

const defaultProxy: Workload = {
  name: 'client',
  pod: 'client-1',
  namespace: 'default',
  serviceAccount: 'client',
  addresses: ['10.244.0.99'],
  labels: { app: 'client' },
  containerPorts: [],
};

function withNamespace(object: KubeObject): KubeObject {
  return { ...object, metadata: { namespace: 'default', ...object.metadata } };
}

function put(store: MeshStore, object: KubeObject): void {
  switch (object.kind) {
    case 'Service':
      return store.setService(object);
    case 'EndpointSlice':
      return store.setEndpointSlice(object as EndpointSlice);
    case 'Pod':
      return store.setPod(object);
    case 'Node':
      return store.setNode(object);
    case 'VirtualService':
      return store.setRule('VirtualService', object as VirtualService);
    case 'DestinationRule':
      return store.setRule('DestinationRule', object as DestinationRule);
    case 'PeerAuthentication':
      return store.setRule('PeerAuthentication', object as PeerAuthentication);
    default:
      throw new Error(`a golden case cannot hold a ${object.kind ?? 'document without a kind'}`);
  }
}

/** The one resource in the bytes of a DiscoveryResponse's `resources` field. */
function decode(resourceField: Buffer): JsonObject {
  const { resources } = fromBinary(DiscoveryResponseSchema, resourceField);
  const registry = envoyRegistry();
  const [any] = resources;
  const message = any === undefined ? undefined : anyUnpack(any, registry);
  const schema = message === undefined ? undefined : registry.getMessage(message.$typeName);
  if (message === undefined || schema === undefined) throw new Error('a resource is of an unknown type');
  return toJson(schema, message, { registry }) as JsonObject;
}

/** The parts of a result that a golden file of a folder holds; the whole is loaded by Envoy all the same. */
export function selectForFolder(folder: string, { resources, problems }: GoldenResult): object {
  const types: Readonly<Record<string, readonly GoldenType[]>> = {
    clusters: ['cluster', 'endpoint'],
    listeners: ['listener'],
    routes: ['route'],
  };
  const selected = types[folder] ?? goldenTypes;
  return {
    ...Object.fromEntries(selected.map((type) => [`${type}s`, resources[type]])),
    ...(problems.length === 0 ? {} : { problems }),
  };
}
