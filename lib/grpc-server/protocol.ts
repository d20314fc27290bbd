import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import type { GrpcStatusCode } from './status.ts';
import { GrpcError, grpcStatus } from './status.ts';

/** The request's headers by their names in lower case, values in the order in which they came. */
export type CallHeaders = ReadonlyMap<string, readonly string[]>;

/** Names and values in turn, as Node gives them before it merges or drops those that come twice. */
export function callHeaders(raw: readonly string[]): CallHeaders {
  const headers = new Map<string, string[]>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const value = raw[at + 1] ?? '';
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return headers;
}

/** The HTTP response to a request that is not gRPC (gRPC over HTTP/2, "Requests"); undefined when it is. */
export function refusalOf(headers: IncomingHttpHeaders): OutgoingHttpHeaders | undefined {
  if (headers[':method'] !== 'POST') return { ':status': 405, allow: 'POST' };
  if (!/^application\/grpc(?:$|[+;])/.test(headers['content-type'] ?? '')) return { ':status': 415 };
  return undefined;
}

/** Throws {@link GrpcError} when something on the way would take the trailers, and with them the status, away. */
export function checkTrailers(headers: IncomingHttpHeaders): void {
  if (String(headers.te).toLowerCase() !== 'trailers') {
    throw new GrpcError(grpcStatus.internal, 'the request lacks "te: trailers"; a proxy on the way may not know gRPC');
  }
}

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };

/** The client's patience in milliseconds, undefined when it says none. Throws {@link GrpcError} when it makes no sense. */
export function timeoutMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const match = /^(\d{1,8})([HMSmun])$/.exec(header);
  const unit = unitMs[match?.[2] ?? ''];
  if (unit === undefined) throw new GrpcError(grpcStatus.internal, 'the header grpc-timeout makes no sense');
  return Number(match?.[1]) * unit;
}

/** The trailers that end a call. */
export function statusTrailers(code: GrpcStatusCode, message: string): OutgoingHttpHeaders {
  return { 'grpc-status': String(code), ...(message === '' ? {} : { 'grpc-message': percentEncoded(message) }) };
}

/** Leaves printable ASCII other than `%` as it is (gRPC over HTTP/2, Percent-Encoded). */
export function percentEncoded(text: string): string {
  if (/^[ -$&-~]*$/.test(text)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
