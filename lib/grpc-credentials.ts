import type { Credentials } from './authentication.ts';
import type { GrpcCall } from './grpc-server/methods.ts';

/** What the caller of a gRPC method shows of itself. */
export function credentialsOf({ headers, peerCertificate }: GrpcCall): Credentials {
  const [authorization, ...more] = headers.get('authorization') ?? [];
  return {
    ...(peerCertificate === undefined ? {} : { peerCertificate }),
    // Two headers could mean two callers.
    ...(authorization === undefined || more.length > 0 ? {} : { authorization }),
  };
}
