import type { AuthoritySource } from '../ca/root-source.ts';
import type { GrpcMethods } from '../lib/grpc-server/methods.ts';
import type { GrpcServer, ServerTls } from '../lib/grpc-server/server.ts';
import { startGrpcServer } from '../lib/grpc-server/server.ts';
import type { Logger } from '../lib/logger.ts';
import type { ServingCertificate } from './serving-certificate.ts';

/** Where TLS has its certificate and its client roots from, which change while the server runs. */
export interface TlsSource {
  readonly certificate: ServingCertificate;
  readonly authority: AuthoritySource;
}

export interface GrpcServingOptions {
  readonly address: string;
  /** Plaintext when it is undefined. Clients may show a certificate of the mesh. */
  readonly tls?: TlsSource;
  readonly methods: GrpcMethods;
  readonly logger: Logger;
}

/** Starts a gRPC server of istiod; rejects with an Error that names the address when it can't listen there. */
export async function serveGrpc({ address, tls, methods, logger }: GrpcServingOptions): Promise<GrpcServer> {
  const onFault = (error: unknown): void => logger.error('a gRPC call failed', { address, error });
  if (tls === undefined) return startGrpcServer({ address, methods, onFault });
  const { certificate, authority } = tls;
  const current = (): ServerTls => ({ ...certificate.current, clientRoots: authority.current.rootCertificates });
  const server = await startGrpcServer({ address, tls: current(), methods, onFault });
  const update = (): void => {
    try {
      server.setTls(current());
    } catch (error) {
      logger.error('cannot take the new certificate over; the old one stays', { address, error });
    }
  };
  const stops = [certificate.onChange(update), authority.onChange(update)];
  return {
    port: server.port,
    get connectionCount() {
      return server.connectionCount;
    },
    setTls: (next) => server.setTls(next),
    close(graceMs) {
      for (const stop of stops) stop();
      return server.close(graceMs);
    },
  };
}
