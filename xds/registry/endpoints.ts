import type { Key } from '../../lib/kube/object.ts';
import { formatKey } from '../../lib/kube/object.ts';
import { sidecar } from '../../lib/sidecar.ts';
import type { EndpointSlice, Endpoint as KubernetesEndpoint } from '../../lib/kube/types.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Workload } from '../model/workload.ts';

/** Label of an EndpointSlice that names its service. */
export const serviceNameLabel = 'kubernetes.io/service-name';

/** What a slice does not say itself. */
export interface EndpointContext {
  /** The workload of a pod, while the pod is known and has not ended. */
  readonly workloadOf: (pod: Key) => Workload | undefined;
  /** The workload at an address, where a pod is known there. */
  readonly workloadAt: (address: string) => Workload | undefined;
  /** Region and zone of a node, where known. */
  readonly localityOf: (node: string) => { readonly region: string; readonly zone: string } | undefined;
  /** Whether the service publishes addresses that are not ready. */
  readonly publishNotReady: boolean;
}

/**
 * Reads the endpoints of one slice: one for each address and TCP port. Pods and slices are watched apart, so a slice may
 * name a pod that is not known yet, or not at this address. Such an endpoint is left out until it is: who takes part in
 * the mesh, with which identity and in which subset, is said by the pod alone.
 */
export function endpointsFromSlice(slice: EndpointSlice, context: EndpointContext): readonly Endpoint[] {
  if (slice.addressType === 'FQDN') return [];
  const ports = (slice.ports ?? []).filter(({ protocol = 'TCP', port }) => protocol === 'TCP' && port !== undefined);
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const health = healthOf(endpoint, context.publishNotReady);
    return endpoint.addresses.flatMap((address) => {
      const pod = podOf(slice, endpoint);
      const workload = pod === undefined ? workloadAt(slice, address, context) : context.workloadOf(pod);
      if (pod !== undefined && (workload === undefined || !isAt(workload, address))) return [];
      const locality = endpoint.nodeName === undefined ? undefined : context.localityOf(endpoint.nodeName);
      return ports.map(({ name = '', port = 0 }): Endpoint => ({
        address,
        port,
        servicePort: name,
        health,
        labels: workload?.labels ?? {},
        namespace: slice.metadata.namespace ?? 'default',
        tlsMode: workload?.labels[sidecar.tlsModeLabel] === 'istio' ? 'istio' : 'disabled',
        ...(workload === undefined
          ? {}
          : { serviceAccount: workload.serviceAccount, pod: workload.pod, workload: workload.name }),
        ...(locality === undefined ? {} : { locality }),
      }));
    });
  });
}

/** The pod that an endpoint stands for, where it says one. */
export function podOf({ metadata }: EndpointSlice, { targetRef }: KubernetesEndpoint): Key | undefined {
  if (targetRef?.kind !== 'Pod' || targetRef.name === undefined) return undefined;
  // A slice has no say about pods of other namespaces.
  return formatKey(metadata.namespace, targetRef.name);
}

/** An address can be reused by another namespace's pod before the slice is updated. */
function workloadAt({ metadata }: EndpointSlice, address: string, context: EndpointContext): Workload | undefined {
  const workload = context.workloadAt(address);
  return workload?.namespace === metadata.namespace ? workload : undefined;
}

/** A pod on the host's network has no address of its own. */
function isAt({ addresses }: Workload, address: string): boolean {
  return addresses.length === 0 || addresses.includes(address);
}

function healthOf({ conditions = {} }: KubernetesEndpoint, publishNotReady: boolean): Endpoint['health'] {
  if (conditions.terminating === true && conditions.serving !== false) return 'draining';
  return conditions.ready !== false || publishNotReady ? 'healthy' : 'unhealthy';
}

/**
 * Orders endpoints so that equal sets are equal lists. An address and port that several slices have, as while one is
 * moved between them, is kept once: the healthiest, whichever slice was seen last.
 */
export function sortedEndpoints(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const byPlace = new Map<string, Endpoint>();
  for (const endpoint of endpoints) {
    const place = `${endpoint.servicePort}|${endpoint.address}|${endpoint.port}`;
    const known = byPlace.get(place);
    if (known === undefined || goesBefore(endpoint, known)) byPlace.set(place, endpoint);
  }
  return [...byPlace.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}

const healthRank = { healthy: 0, draining: 1, unhealthy: 2 } as const;

function goesBefore(a: Endpoint, b: Endpoint): boolean {
  if (a.health !== b.health) return healthRank[a.health] < healthRank[b.health];
  return JSON.stringify(a) < JSON.stringify(b);
}
