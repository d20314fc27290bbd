import { spiffeId } from '../../lib/identity.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { DebugService, DebugState } from './state.ts';

/** Endpoints of one service, in the shape of Istio's `/debug/endpointz`: under the registry that they come from. */
interface EndpointShards {
  readonly Shards: Readonly<Record<string, readonly KnownEndpoint[]>>;
  /** A set, as Go writes it: the members are the keys. */
  readonly ServiceAccounts: Readonly<Record<string, object>>;
}

interface KnownEndpoint {
  readonly Addresses: readonly string[];
  readonly EndpointPort: number;
  readonly ServicePortName: string;
  readonly Labels: Readonly<Record<string, string>>;
  /** SPIFFE id; empty where it is not known. */
  readonly ServiceAccount: string;
  readonly Locality: { readonly Label: string };
  readonly TLSMode: string;
  readonly Namespace: string;
  readonly WorkloadName: string;
  readonly HostName: string;
  /** 1 healthy, 2 unhealthy, 3 draining. */
  readonly HealthStatus: number;
}

const registryName = 'Kubernetes/Kubernetes';
const healthStatuses: Readonly<Record<Endpoint['health'], number>> = { healthy: 1, unhealthy: 2, draining: 3 };

/** What the registry knows, service by service: host name, namespace and endpoints. */
export function* knownEndpoints({
  services,
  trustDomain,
}: DebugState): Generator<readonly [hostname: string, Readonly<Record<string, EndpointShards>>]> {
  for (const { hostname, namespace, endpoints } of [...services()].sort(byHostname)) {
    const shown = endpoints.map((endpoint) => knownEndpoint(endpoint, trustDomain));
    const accounts = [...new Set(shown.map(({ ServiceAccount }) => ServiceAccount))].filter((name) => name !== '');
    const ServiceAccounts = Object.fromEntries(accounts.sort().map((account) => [account, {}]));
    yield [hostname, { [namespace]: { Shards: { [registryName]: shown }, ServiceAccounts } }];
  }
}

function byHostname(a: DebugService, b: DebugService): number {
  return a.hostname < b.hostname ? -1 : 1;
}

function knownEndpoint(endpoint: Endpoint, trustDomain: string): KnownEndpoint {
  const { locality, namespace, serviceAccount } = endpoint;
  return {
    Addresses: [endpoint.address],
    EndpointPort: endpoint.port,
    ServicePortName: endpoint.servicePort,
    Labels: endpoint.labels,
    ServiceAccount: serviceAccount === undefined ? '' : spiffeId({ trustDomain, namespace, serviceAccount }),
    Locality: { Label: locality === undefined ? '' : `${locality.region}/${locality.zone}` },
    TLSMode: endpoint.tlsMode,
    Namespace: namespace,
    WorkloadName: endpoint.workload ?? '',
    HostName: endpoint.pod ?? '',
    HealthStatus: healthStatuses[endpoint.health],
  };
}
