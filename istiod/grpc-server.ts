import type { ServerCredentials as Credentials, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { AuthoritySource } from '../ca/root-source.ts';
import { reloadableCredentials } from '../lib/grpc-server-credentials.ts';
import type { ServerTls } from '../lib/grpc-server-credentials.ts';
import type { ServingCertificate } from './serving-certificate.ts';

export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

const minuteMs = 60_000;

/** Limits of the gRPC servers; grpc-js has none by itself. */
const serverOptions = {
  // Half-open connections of vanished proxies are found within a minute.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // Proxies come back elsewhere now and then, so that replicas share the load.
  'grpc.max_connection_age_ms': 30 * minuteMs,
  'grpc.max_connection_age_grace_ms': 30_000,
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  'grpc.max_send_message_length': -1,
  // Costs a fifth of the CPU time of a push (measured).
  'grpc.enable_channelz': 0,
};

/** A server that takes calls until it is closed; calls that have not ended after `graceMs` are no longer waited for. */
export interface GrpcServer {
  readonly port: number;
  close(graceMs: number): Promise<void>;
}

/** Starts a gRPC server; rejects with an Error that names the address when it cannot listen there. */
export async function startGrpcServer(
  address: string,
  credentials: Credentials,
  services: readonly GrpcService[],
): Promise<GrpcServer> {
  const server = new Server(serverOptions);
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address.startsWith(':') ? `[::]${address}` : address, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new Error(`cannot listen on ${address}`, { cause: error }));
    });
  });
  return {
    port,
    close: (graceMs) =>
      new Promise((resolve) => {
        // Without channelz the server can't force anything: it keeps no list of its connections (grpc-js 1.14).
        const timer = setTimeout(resolve, graceMs);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

export function plaintextCredentials(): Credentials {
  return ServerCredentials.createInsecure();
}

/** TLS that follows the serving certificate and the authority; clients may show a certificate of the mesh. */
export function tlsCredentials(certificate: ServingCertificate, authority: AuthoritySource): Credentials {
  const tls = (): ServerTls => ({ ...certificate.current, clientRoots: authority.current.rootCertificates });
  const { credentials, update } = reloadableCredentials(tls());
  certificate.onChange(() => update(tls()));
  authority.onChange(() => update(tls()));
  return credentials;
}
