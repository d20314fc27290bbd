import type { Fields } from '../envoy/fields.ts';
import { create } from '@bufbuild/protobuf';
import type { DestinationRule, Subset, TrafficPolicy } from '../../crds/destination-rule.ts';
import { typedConfig } from '../envoy/any.ts';
import type { Cluster } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ProxyProtocolConfig_Version } from '../envoy/gen/envoy/config/core/v3/proxy_protocol_pb.js';
import { ProxyProtocolUpstreamTransportSchema } from '../envoy/gen/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js';
import { trafficPolicyFor } from '../model/destination-rules.ts';
import type { MeshSettings, MutualTlsMode } from '../model/mesh-settings.ts';
import { mutualTlsSni, outboundClusterName } from '../model/names.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { aggregated } from './config-source.ts';
import { connectionPool } from './connection-pool.ts';
import { externalNameCluster } from './external-name.ts';
import { percentage } from './limits.ts';
import { loadBalancer } from './load-balancer.ts';
import { outlierDetection } from './outlier-detection.ts';
import { upstreamHttpOptions } from './upstream-http-options.ts';
import { upstreamProtocol } from './upstream-protocol.ts';
import type { TransportSocketInit, UpstreamSockets, UpstreamTls } from './upstream-tls.ts';
import { rawBuffer, upstreamTls } from './upstream-tls.ts';

type ClusterInit = Fields<typeof ClusterSchema>;

/** All that the clusters of one port of a service follow from. */
export interface OutboundClusterInput {
  readonly service: Service;
  readonly port: ServicePort;
  /** What holds for the service in the view, see `destinationRuleFor`. */
  readonly destinationRule?: DestinationRule | undefined;
  /** What the service's workloads are assumed to accept, see `inferServiceMutualTls`. */
  readonly serverMutualTls: MutualTlsMode;
  /** SPIFFE ids of the service's endpoints. */
  readonly serviceAccounts: readonly string[];
  /** Whether there are endpoints and all of them take mutual TLS; matters where Envoy can't tell them apart. */
  readonly everyEndpointHasSidecar: boolean;
  readonly settings: MeshSettings;
}

/** The clusters of one port of a service: the whole of it, then each subset in the order of the rule. */
export function translateOutboundClusters(input: OutboundClusterInput): readonly Cluster[] {
  const subsets = input.destinationRule?.spec.subsets ?? [];
  return [undefined, ...subsets].map((subset) => translateOne(input, subset));
}

function translateOne(input: OutboundClusterInput, subset: Subset | undefined): Cluster {
  const { service, port, settings } = input;
  const policy = trafficPolicyFor(input.destinationRule, port, subset);
  const name = outboundClusterName(port.port, subset?.name ?? '', service.hostname);
  const protocol = upstreamProtocol(port.protocol, policy?.connectionPool);
  const tls = tlsOf(input, subset, policy, protocol);
  return create(ClusterSchema, {
    name,
    ...connectionPool(policy?.connectionPool, settings, policy?.retryBudget),
    ...discovery(input, name, policy),
    ...outlierPolicy(policy),
    ...withProxyProtocol(tls, policy),
    typedExtensionProtocolOptions: upstreamHttpOptions({
      protocol,
      ...(policy?.connectionPool === undefined ? {} : { connectionPool: policy.connectionPool }),
      ...(policy?.outlierDetection === undefined ? {} : { outlierDetection: policy.outlierDetection }),
      autoSni: tls.autoSni === true,
      autoSanValidation: tls.autoSanValidation === true,
    }),
    metadata: serviceMetadata(input, subset),
  });
}

/**
 * Whether connections of a service go to the address that the client chose: headless services (Istio: sidecars honour
 * the pod that the application picked) and whatever asks for PASSTHROUGH.
 */
export function goesToOriginalDestination(service: Service, policy: TrafficPolicy | undefined): boolean {
  if (service.kind === 'external-name') return false;
  return service.kind === 'headless' || policy?.loadBalancer?.simple === 'PASSTHROUGH';
}

function discovery(
  { service, port }: OutboundClusterInput,
  name: string,
  policy: TrafficPolicy | undefined,
): ClusterInit {
  if (service.kind === 'external-name') {
    return { ...loadBalancer(policy?.loadBalancer), ...externalNameCluster(service, port, name) };
  }
  if (goesToOriginalDestination(service, policy)) {
    return {
      clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
      lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    };
  }
  return {
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: aggregated, serviceName: name },
    ...loadBalancer(policy?.loadBalancer),
    commonLbConfig: commonLoadBalancing(policy),
  };
}

/** Locality weights count only where the rule distributes traffic by locality; panic mode is off unless asked for. */
function commonLoadBalancing(policy: TrafficPolicy | undefined): ClusterInit['commonLbConfig'] {
  const distributes = (policy?.loadBalancer?.localityLbSetting?.distribute ?? []).length > 0;
  return {
    healthyPanicThreshold: { value: percentage(policy?.outlierDetection?.minHealthPercent ?? 0) },
    ...(distributes ? { localityConfigSpecifier: { case: 'localityWeightedLbConfig', value: {} } } : {}),
  };
}

function outlierPolicy(policy: TrafficPolicy | undefined): ClusterInit {
  return policy?.outlierDetection === undefined ? {} : { outlierDetection: outlierDetection(policy.outlierDetection) };
}

function tlsOf(
  input: OutboundClusterInput,
  subset: Subset | undefined,
  policy: TrafficPolicy | undefined,
  protocol: ReturnType<typeof upstreamProtocol>,
): UpstreamTls {
  const { service, port, settings } = input;
  return upstreamTls({
    ...(policy?.tls === undefined ? {} : { tls: policy.tls }),
    protocol,
    sni: mutualTlsSni(port.port, subset?.name ?? '', service.hostname),
    serviceAccounts: input.serviceAccounts,
    trustDomain: settings.trustDomain,
    // What is behind an external name has no sidecar that we know of.
    autoMutualTls: settings.autoMutualTls && service.kind !== 'external-name',
    serverMutualTls: input.serverMutualTls,
    ...(goesToOriginalDestination(service, policy) ? { everyEndpointHasSidecar: input.everyEndpointHasSidecar } : {}),
  });
}

/** Puts the PROXY protocol's header before whatever the sockets send. */
function withProxyProtocol({ sockets }: UpstreamTls, policy: TrafficPolicy | undefined): UpstreamSockets {
  const version = policy?.proxyProtocol === undefined ? undefined : (policy.proxyProtocol.version ?? 'V1');
  if (version === undefined) return sockets;
  const wrap = (transportSocket: TransportSocketInit | undefined): TransportSocketInit => ({
    name: 'envoy.transport_sockets.upstream_proxy_protocol',
    configType: {
      case: 'typedConfig',
      value: typedConfig(ProxyProtocolUpstreamTransportSchema, {
        config: { version: ProxyProtocolConfig_Version[version] },
        transportSocket: transportSocket ?? rawBuffer,
      }),
    },
  });
  if (sockets.transportSocketMatches === undefined) return { transportSocket: wrap(sockets.transportSocket) };
  return {
    transportSocketMatches: sockets.transportSocketMatches.map((match) => ({
      ...match,
      transportSocket: wrap(match.transportSocket),
    })),
  };
}

/** What dashboards and tools read of a cluster (Istio's filter metadata): its service, subset and rule. */
function serviceMetadata(
  { service, port, destinationRule }: OutboundClusterInput,
  subset: Subset | undefined,
): ClusterInit['metadata'] {
  const { name = '', namespace = '' } = destinationRule?.metadata ?? {};
  const config =
    destinationRule === undefined
      ? {}
      : { config: `/apis/networking.istio.io/v1/namespaces/${namespace}/destination-rule/${name}` };
  return {
    filterMetadata: {
      istio: {
        ...config,
        default_original_port: port.port,
        services: [{ host: service.hostname, name: service.name, namespace: service.namespace }],
        ...(subset === undefined ? {} : { subset: subset.name }),
      },
    },
  };
}
