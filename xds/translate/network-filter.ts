import { create } from '@bufbuild/protobuf';
import { typedConfig } from '../envoy/any.ts';
import type { Fields } from '../envoy/fields.ts';
import type { Filter, ListenerFilter } from '../envoy/gen/envoy/config/listener/v3/listener_components_pb.js';
import {
  FilterSchema,
  ListenerFilterSchema,
  type ListenerFilterChainMatchPredicateSchema,
} from '../envoy/gen/envoy/config/listener/v3/listener_components_pb.js';
import { HttpInspectorSchema } from '../envoy/gen/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js';
import { OriginalDstSchema } from '../envoy/gen/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js';
import { TlsInspectorSchema } from '../envoy/gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';
import { ConfigSchema as SetFilterStateSchema } from '../envoy/gen/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.js';
import type { HttpConnectionManager } from '../envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { HttpConnectionManagerSchema } from '../envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { TcpProxySchema } from '../envoy/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { accessLogs } from './access-log.ts';
import { alpn, alpnOverrideKey } from './alpn.ts';

type ListenerFilterFields = Fields<typeof ListenerFilterSchema>;
type PredicateFields = Fields<typeof ListenerFilterChainMatchPredicateSchema>;

/** Hands a connection on to one cluster, byte by byte. */
export function tcpProxy(
  cluster: string,
  settings: Pick<MeshSettings, 'accessLog'>,
  options: Fields<typeof TcpProxySchema> = {},
): Filter {
  return create(FilterSchema, {
    name: 'envoy.filters.network.tcp_proxy',
    configType: {
      case: 'typedConfig',
      value: typedConfig(TcpProxySchema, {
        statPrefix: cluster,
        clusterSpecifier: { case: 'cluster', value: cluster },
        accessLog: accessLogs(settings.accessLog),
        ...options,
      }),
    },
  });
}

export function httpFilter(manager: HttpConnectionManager): Filter {
  return create(FilterSchema, {
    name: 'envoy.filters.network.http_connection_manager',
    configType: { case: 'typedConfig', value: typedConfig(HttpConnectionManagerSchema, manager) },
  });
}

/**
 * Makes mutual TLS of the connection say that it carries no HTTP, where the cluster says HTTP because its port is
 * sniffed (what Istio's own Envoy has an HTTP filter for, the other way round).
 */
export function offerTcpAlpn(): Filter {
  return create(FilterSchema, {
    name: 'envoy.filters.network.set_filter_state',
    configType: {
      case: 'typedConfig',
      value: typedConfig(SetFilterStateSchema, {
        onNewConnection: [
          {
            key: { case: 'objectKey', value: alpnOverrideKey },
            value: {
              case: 'formatString',
              value: {
                format: {
                  case: 'textFormatSource',
                  // eslint-disable-next-line @typescript-eslint/no-deprecated -- another case of the oneof is, not this one
                  value: { specifier: { case: 'inlineString', value: alpn.tcp.join(',') } },
                },
              },
            },
          },
        ],
      }),
    },
  });
}

/** Finds the address that a captured connection was made to. */
export const originalDestination: ListenerFilter = create(ListenerFilterSchema, {
  name: 'envoy.filters.listener.original_dst',
  configType: { case: 'typedConfig', value: typedConfig(OriginalDstSchema, {}) },
});

/** Tells TLS from plaintext and reads server name and ALPN; must come before the HTTP inspector. */
export function tlsInspector(disabledOn: readonly number[] = []): ListenerFilter {
  return create(ListenerFilterSchema, {
    name: 'envoy.filters.listener.tls_inspector',
    configType: { case: 'typedConfig', value: typedConfig(TlsInspectorSchema, {}) },
    ...exceptPorts(disabledOn),
  });
}

/** Tells HTTP in plaintext by its first bytes. */
export function httpInspector(disabledOn: readonly number[] = []): ListenerFilter {
  return create(ListenerFilterSchema, {
    name: 'envoy.filters.listener.http_inspector',
    configType: { case: 'typedConfig', value: typedConfig(HttpInspectorSchema, {}) },
    ...exceptPorts(disabledOn),
  });
}

function exceptPorts(numbers: readonly number[]): ListenerFilterFields {
  const rules: PredicateFields[] = [...numbers]
    .sort((a, b) => a - b)
    .map((port) => ({ rule: { case: 'destinationPortRange', value: { start: port, end: port + 1 } } }));
  const [first, second] = rules;
  if (first === undefined) return {};
  return { filterDisabled: second === undefined ? first : { rule: { case: 'orMatch', value: { rules } } } };
}
