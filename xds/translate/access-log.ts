import { create } from '@bufbuild/protobuf';
import { typedConfig } from '../envoy/any.ts';
import type { Fields } from '../envoy/fields.ts';
import type { AccessLog as AccessLogMessage } from '../envoy/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import { AccessLogSchema } from '../envoy/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import type { SubstitutionFormatStringSchema } from '../envoy/gen/envoy/config/core/v3/substitution_format_string_pb.js';
import { FileAccessLogSchema } from '../envoy/gen/envoy/extensions/access_loggers/file/v3/file_pb.js';
import { StdoutAccessLogSchema } from '../envoy/gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js';
import type { AccessLog } from '../model/mesh-settings.ts';

/** Fields of the default format, by Istio's names for them: users' log parsers know this set and its order. */
const textFormat =
  [
    '[%START_TIME%]',
    '"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%"',
    '%RESPONSE_CODE%',
    '%RESPONSE_FLAGS%',
    '%RESPONSE_CODE_DETAILS%',
    '%CONNECTION_TERMINATION_DETAILS%',
    '"%UPSTREAM_TRANSPORT_FAILURE_REASON%"',
    '%BYTES_RECEIVED%',
    '%BYTES_SENT%',
    '%DURATION%',
    '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
    '"%REQ(X-FORWARDED-FOR)%"',
    '"%REQ(USER-AGENT)%"',
    '"%REQ(X-REQUEST-ID)%"',
    '"%REQ(:AUTHORITY)%"',
    '"%UPSTREAM_HOST%"',
    '%UPSTREAM_CLUSTER_RAW%',
    '%UPSTREAM_LOCAL_ADDRESS%',
    '%DOWNSTREAM_LOCAL_ADDRESS%',
    '%DOWNSTREAM_REMOTE_ADDRESS%',
    '%REQUESTED_SERVER_NAME%',
    '%ROUTE_NAME%',
  ].join(' ') + '\n';

const jsonFormat: Readonly<Record<string, string>> = {
  authority: '%REQ(:AUTHORITY)%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  duration: '%DURATION%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  request_id: '%REQ(X-REQUEST-ID)%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  response_code: '%RESPONSE_CODE%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  response_flags: '%RESPONSE_FLAGS%',
  route_name: '%ROUTE_NAME%',
  start_time: '%START_TIME%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  user_agent: '%REQ(USER-AGENT)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
};

/** The access logs of requests and connections; none where the mesh has none. */
export function accessLogs(log: AccessLog | undefined): AccessLogMessage[] {
  return log === undefined ? [] : [create(AccessLogSchema, logger(log))];
}

/** The access log of a listener itself: connections that no filter chain took, which appear nowhere else. */
export function listenerAccessLogs(log: AccessLog | undefined): AccessLogMessage[] {
  if (log === undefined) return [];
  const unmatched: Fields<typeof AccessLogSchema> = {
    filter: { filterSpecifier: { case: 'responseFlagFilter', value: { flags: ['NR'] } } },
    ...logger(log),
  };
  return [create(AccessLogSchema, unmatched)];
}

/** Standard output is written to as it is open: opened anew by its name it may refuse, as a socket does. */
function logger(log: AccessLog): Fields<typeof AccessLogSchema> {
  const accessLogFormat = { case: 'logFormat', value: format(log) } as const;
  if (log.path === '/dev/stdout') {
    return {
      name: 'envoy.access_loggers.stdout',
      configType: { case: 'typedConfig', value: typedConfig(StdoutAccessLogSchema, { accessLogFormat }) },
    };
  }
  return {
    name: 'envoy.access_loggers.file',
    configType: { case: 'typedConfig', value: typedConfig(FileAccessLogSchema, { path: log.path, accessLogFormat }) },
  };
}

function format({ encoding, format }: AccessLog): Fields<typeof SubstitutionFormatStringSchema> {
  if (encoding === 'JSON') {
    const fields = typeof format === 'object' ? format : jsonFormat;
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- another case of the oneof is, not this one
    return { format: { case: 'jsonFormat', value: sortedByKey(fields) } };
  }
  const text = typeof format === 'string' && format !== '' ? format : textFormat;
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- another case of the oneof is, not this one
  return { format: { case: 'textFormatSource', value: { specifier: { case: 'inlineString', value: text } } } };
}

function sortedByKey(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}
