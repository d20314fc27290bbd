import type { Fields } from '../envoy/fields.ts';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { ConnectionPoolSettings, OutlierDetection } from '../../crds/destination-rule.ts';
import { typedConfig } from '../envoy/any.ts';
import type {
  Http2ProtocolOptionsSchema,
  HttpProtocolOptionsSchema as CommonHttpOptionsSchema,
} from '../envoy/gen/envoy/config/core/v3/protocol_pb.js';
import { HttpProtocolOptionsSchema } from '../envoy/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import type { MatchPredicateSchema } from '../envoy/gen/envoy/config/common/matcher/v3/matcher_pb.js';
import { parseOptional } from './duration.ts';
import type { UpstreamProtocol } from './upstream-protocol.ts';

type MatchFields = Fields<typeof MatchPredicateSchema>;
type OptionsInit = Fields<typeof HttpProtocolOptionsSchema>;

/** Key of a cluster's HTTP options in `typed_extension_protocol_options`. */
export const httpProtocolOptionsKey = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** What a cluster's HTTP options follow from. */
export interface UpstreamHttpInput {
  readonly protocol: UpstreamProtocol;
  readonly connectionPool?: ConnectionPoolSettings;
  readonly outlierDetection?: OutlierDetection;
  readonly autoSni?: boolean;
  readonly autoSanValidation?: boolean;
}

/** The HTTP options of a cluster, by their key; nothing for plain TCP, which has none. */
export function upstreamHttpOptions(input: UpstreamHttpInput): Record<string, Any> {
  const common = commonOptions(input);
  const sni = { autoSni: input.autoSni === true, autoSanValidation: input.autoSanValidation === true };
  const errorMatcher = errorStatuses(input.outlierDetection?.outlierDetectionHttpErrorCodes ?? []);
  const plain =
    Object.keys(common).length === 0 && !sni.autoSni && !sni.autoSanValidation && errorMatcher === undefined;
  if (input.protocol === 'tcp' && plain) return {};
  const options: OptionsInit = {
    ...(Object.keys(common).length > 0 ? { commonHttpProtocolOptions: common } : {}),
    ...(sni.autoSni || sni.autoSanValidation ? { upstreamHttpProtocolOptions: sni } : {}),
    upstreamProtocolOptions: protocolOptions(input),
    ...(errorMatcher === undefined ? {} : { outlierDetection: { errorMatcher } }),
  };
  return { [httpProtocolOptionsKey]: typedConfig(HttpProtocolOptionsSchema, options) };
}

function commonOptions({ connectionPool }: UpstreamHttpInput): Fields<typeof CommonHttpOptionsSchema> {
  const { http, tcp } = connectionPool ?? {};
  // The TCP settings hold for HTTP connections where HTTP's own say nothing.
  const idleTimeout = parseOptional(http?.idleTimeout ?? tcp?.idleTimeout);
  const perConnection = http?.maxRequestsPerConnection ?? 0;
  const maxConnectionDuration = parseOptional(tcp?.maxConnectionDuration);
  return {
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(maxConnectionDuration === undefined ? {} : { maxConnectionDuration }),
    ...(perConnection > 0 ? { maxRequestsPerConnection: perConnection } : {}),
  };
}

function protocolOptions({
  protocol,
  connectionPool,
}: UpstreamHttpInput): NonNullable<OptionsInit['upstreamProtocolOptions']> {
  const http2ProtocolOptions = http2Options(connectionPool);
  switch (protocol) {
    case 'client':
      return { case: 'useDownstreamProtocolConfig', value: { httpProtocolOptions: {}, http2ProtocolOptions } };
    case 'http2':
      return {
        case: 'explicitHttpConfig',
        value: { protocolConfig: { case: 'http2ProtocolOptions', value: http2ProtocolOptions } },
      };
    case 'http1':
    case 'tcp':
      return {
        case: 'explicitHttpConfig',
        value: { protocolConfig: { case: 'httpProtocolOptions', value: {} } },
      };
  }
}

/** Answers with one of these statuses, which outlier detection counts as errors instead of all 5xx. */
function errorStatuses(codes: readonly number[]): MatchFields | undefined {
  const rules: MatchFields[] = codes.map((code) => ({
    rule: {
      case: 'httpResponseHeadersMatch',
      value: {
        headers: [
          {
            name: ':status',
            headerMatchSpecifier: {
              case: 'stringMatch',
              value: { matchPattern: { case: 'exact', value: String(code) } },
            },
          },
        ],
      },
    },
  }));
  return rules.length > 1 ? { rule: { case: 'orMatch', value: { rules } } } : rules[0];
}

function http2Options(pool: ConnectionPoolSettings | undefined): Fields<typeof Http2ProtocolOptionsSchema> {
  const streams = pool?.http?.maxConcurrentStreams;
  const interval = parseOptional(pool?.http?.http2KeepAlive?.interval);
  const timeout = parseOptional(pool?.http?.http2KeepAlive?.timeout);
  return {
    ...(streams === undefined || streams <= 0 ? {} : { maxConcurrentStreams: streams }),
    ...(interval === undefined || timeout === undefined ? {} : { connectionKeepalive: { interval, timeout } }),
  };
}
