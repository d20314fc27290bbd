import { create } from '@bufbuild/protobuf';
import type { RouteConfiguration } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import { RouteConfigurationSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import { isHttp2 } from '../model/service.ts';
import { inboundClusterName, inboundPassthroughCluster, inboundRouteName } from '../model/names.ts';
import type { InboundPort } from '../model/workload.ts';
import { zeroDuration } from './duration.ts';

/** Requests that the application's connection was closed on before any of it was sent are tried again (Istio). */
const retryBeforeSend = { retryOn: 'reset-before-request', numRetries: 2 };

/** All requests of an inbound port go to the application; how long they may take is the client's to say. */
export function inboundRoutes(inbound: InboundPort): RouteConfiguration {
  const { port, protocol, service, servicePort } = inbound;
  return allTo({
    name: inboundRouteName(port),
    virtualHost: `inbound|http|${String(servicePort.port)}`,
    cluster: inboundClusterName(port),
    operation: `${service.hostname}:${String(servicePort.port)}/*`,
    retried: !isHttp2(protocol),
  });
}

/** Requests to a port that no service declares. */
export function inboundPassthroughRoutes(): RouteConfiguration {
  return allTo({
    name: inboundPassthroughCluster,
    virtualHost: 'inbound|http|0',
    cluster: inboundPassthroughCluster,
    operation: ':0/*',
    retried: true,
  });
}

interface Target {
  readonly name: string;
  readonly virtualHost: string;
  readonly cluster: string;
  readonly operation: string;
  readonly retried: boolean;
}

function allTo({ name, virtualHost, cluster, operation, retried }: Target): RouteConfiguration {
  return create(RouteConfigurationSchema, {
    name,
    validateClusters: false,
    virtualHosts: [
      {
        name: virtualHost,
        domains: ['*'],
        routes: [
          {
            name: 'default',
            match: { pathSpecifier: { case: 'prefix', value: '/' } },
            decorator: { operation },
            action: {
              case: 'route',
              value: {
                clusterSpecifier: { case: 'cluster', value: cluster },
                timeout: zeroDuration,
                maxStreamDuration: { maxStreamDuration: zeroDuration, grpcTimeoutHeaderMax: zeroDuration },
                ...(retried ? { retryPolicy: retryBeforeSend } : {}),
              },
            },
          },
        ],
      },
    ],
  });
}
