import { create } from '@bufbuild/protobuf';
import { typedConfig } from '../envoy/any.ts';
import type { Fields } from '../envoy/fields.ts';
import { CorsSchema } from '../envoy/gen/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { HTTPFaultSchema } from '../envoy/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { FilterConfigSchema as GrpcStatsSchema } from '../envoy/gen/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js';
import { RouterSchema } from '../envoy/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import type {
  HttpConnectionManager,
  HttpFilterSchema,
} from '../envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import {
  HttpConnectionManager_CodecType,
  HttpConnectionManager_ForwardClientCertDetails,
  HttpConnectionManagerSchema,
} from '../envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type { RouteConfiguration } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { accessLogs } from './access-log.ts';
import { aggregated } from './config-source.ts';
import { zeroDuration } from './duration.ts';

type ManagerFields = Fields<typeof HttpConnectionManagerSchema>;
type HttpFilterFields = Fields<typeof HttpFilterSchema>;

/** What Istio's proxies call themselves in the `server` header. */
const serverName = 'istio-envoy';

const grpcStats: HttpFilterFields = {
  name: 'envoy.filters.http.grpc_stats',
  configType: {
    case: 'typedConfig',
    value: typedConfig(GrpcStatsSchema, {
      emitFilterState: true,
      perMethodStatSpecifier: { case: 'statsForAllMethods', value: { value: false } },
    }),
  },
};
const fault: HttpFilterFields = {
  name: 'envoy.filters.http.fault',
  configType: { case: 'typedConfig', value: typedConfig(HTTPFaultSchema, {}) },
};
const cors: HttpFilterFields = {
  name: 'envoy.filters.http.cors',
  configType: { case: 'typedConfig', value: typedConfig(CorsSchema, {}) },
};
const router: HttpFilterFields = {
  name: 'envoy.filters.http.router',
  configType: { case: 'typedConfig', value: typedConfig(RouterSchema, {}) },
};

/** HTTP of the application's own requests: routed by the route configuration of that name, which comes by RDS. */
export function outboundHttp(
  { statPrefix, routeName }: { readonly statPrefix: string; readonly routeName: string },
  settings: Pick<MeshSettings, 'accessLog'>,
): HttpConnectionManager {
  return create(HttpConnectionManagerSchema, {
    ...common(statPrefix, settings),
    routeSpecifier: { case: 'rds', value: { configSource: aggregated, routeConfigName: routeName } },
    httpFilters: [grpcStats, fault, cors, router],
  });
}

/**
 * HTTP of requests to the application. The peer's certificate is told to it in `x-forwarded-client-cert`; what a
 * plaintext client puts there, Envoy removes.
 */
export function inboundHttp(
  { statPrefix, routes }: { readonly statPrefix: string; readonly routes: RouteConfiguration },
  settings: Pick<MeshSettings, 'accessLog'>,
): HttpConnectionManager {
  return create(HttpConnectionManagerSchema, {
    ...common(statPrefix, settings),
    routeSpecifier: { case: 'routeConfig', value: routes },
    forwardClientCertDetails: HttpConnectionManager_ForwardClientCertDetails.APPEND_FORWARD,
    setCurrentClientCertDetails: { subject: true, uri: true, dns: true },
    httpFilters: [grpcStats, fault, cors, router],
  });
}

function common(statPrefix: string, settings: Pick<MeshSettings, 'accessLog'>): ManagerFields {
  return {
    statPrefix,
    codecType: HttpConnectionManager_CodecType.AUTO,
    serverName,
    useRemoteAddress: false,
    normalizePath: true,
    // Long polls and streams may be silent for as long as they like; timeouts are the routes' business.
    streamIdleTimeout: zeroDuration,
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    accessLog: accessLogs(settings.accessLog),
  };
}
