import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { Credentials } from './authentication.ts';

/** What all kinds of gRPC calls have, as far as it is needed here. */
export type CallWithCredentials = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getAuthContext'>;

/**
 * What the caller of a gRPC method shows of itself. grpc-js gives a certificate only when TLS has verified it against
 * the server's client roots, also where clients need not have one.
 */
export function credentialsOf(call: CallWithCredentials): Credentials {
  const certificate = call.getAuthContext().sslPeerCertificate?.raw;
  const [authorization, ...more] = call.metadata.get('authorization');
  return {
    ...(certificate === undefined ? {} : { peerCertificate: certificate }),
    // Two headers could mean two callers.
    ...(typeof authorization === 'string' && more.length === 0 ? { authorization } : {}),
  };
}
