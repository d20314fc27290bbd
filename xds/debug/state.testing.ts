import type { ResourceType } from '../envoy/type-urls.ts';
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { create, toBinary } from '@bufbuild/protobuf';
import type { Endpoint } from '../model/endpoint.ts';
import type { DebugConnection, DebugResource, DebugState, DebugSubscription } from './state.ts';

/** A state of these connections and of no services, unless the test says otherwise. */
export function debugState(connections: readonly DebugConnection[], more: Partial<DebugState> = {}): DebugState {
  return { connections: () => connections, services: () => [], trustDomain: 'cluster.local', ...more };
}

interface ConnectionOptions extends Partial<Omit<DebugConnection, 'resources' | 'subscriptions' | 'proxy'>> {
  readonly subscriptions?: Readonly<Partial<Record<ResourceType, Partial<DebugSubscription>>>>;
  readonly resources?: Readonly<Partial<Record<ResourceType, readonly DebugResource[]>>>;
}

/** The stream of a proxy that is named `<pod>.<namespace>`. */
export function connection(name: string, options: ConnectionOptions = {}): DebugConnection {
  const [pod = '', namespace = ''] = name.split('.');
  const { subscriptions = {}, resources = {}, ...others } = options;
  return {
    id: `${name}-1`,
    protocol: 'delta',
    connectedAt: new Date('2026-01-01T00:00:00Z'),
    ...others,
    proxy: {
      id: `sidecar~10.1.0.1~${name}~${namespace}.svc.cluster.local`,
      type: 'sidecar',
      addresses: ['10.1.0.1'],
      pod,
      namespace,
      serviceAccount: 'default',
      labels: {},
      workload: pod,
      version: '1.2.3',
      revision: 'default',
    },
    subscriptions: new Map(
      Object.entries(subscriptions).map(([type, it]) => [type, { ...neverSent, ...it } satisfies DebugSubscription]),
    ),
    resources: (type) => resources[type] ?? [],
  };
}

const neverSent: DebugSubscription = {
  nonceSent: '',
  nonceAcked: '',
  versionSent: '',
  lastSentAt: undefined,
  lastError: undefined,
};

/** An encoded resource, of version `v-<name>`. */
export function resource<D extends DescMessage>(name: string, schema: D, init: MessageInitShape<D>): DebugResource {
  return { name, version: `v-${name}`, value: toBinary(schema, create(schema, init)) };
}

export function endpoint(address: string, more: Partial<Endpoint> = {}): Endpoint {
  return {
    address,
    port: 8080,
    servicePort: 'http',
    health: 'healthy',
    labels: {},
    namespace: 'shop',
    tlsMode: 'istio',
    ...more,
  };
}
