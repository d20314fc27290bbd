import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelCredentials, ClientDuplexStream, Metadata, ServiceError, StatusObject } from '@grpc/grpc-js';
import { Client, credentials as grpcCredentials, Metadata as MetadataClass } from '@grpc/grpc-js';
import type { GrpcStream, GrpcStreamHandler } from './methods.ts';
import type { ServerTls } from './server.ts';

const bytes = (value: Buffer): Buffer => value;

/** A grpc-js client with a connection of its own. */
export class TestClient {
  readonly #client: Client;

  constructor(port: number, credentials?: ChannelCredentials, options: Record<string, number> = {}) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials ?? grpcCredentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      ...(credentials !== undefined ? { 'grpc.ssl_target_name_override': 'localhost' } : {}),
      ...options,
    });
  }

  /** The answer, or how it failed. */
  ask(
    path: string,
    request: Buffer,
    metadata = new MetadataClass(),
    deadline?: number,
  ): Promise<Buffer | ServiceError> {
    return new Promise((resolve) => {
      const options = deadline === undefined ? {} : { deadline: Date.now() + deadline };
      this.#client.makeUnaryRequest(path, bytes, bytes, request, metadata, options, (error, value) =>
        resolve(error ?? value ?? Buffer.alloc(0)),
      );
    });
  }

  stream(path: string, metadata?: Metadata): TestStream {
    return new TestStream(this.#client.makeBidiStreamRequest(path, bytes, bytes, metadata ?? new MetadataClass()));
  }

  close(): void {
    this.#client.close();
  }
}

export class TestStream {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly received: Buffer[] = [];
  readonly status: Promise<StatusObject>;
  #arrived = Promise.withResolvers<undefined>();

  constructor(call: ClientDuplexStream<Buffer, Buffer>) {
    this.call = call;
    call.on('error', () => undefined);
    this.status = new Promise((resolve) => call.once('status', resolve));
  }

  /** From now on what comes is taken. */
  read(): this {
    this.call.on('data', (message: Buffer) => {
      this.received.push(message);
      this.#arrived.resolve(undefined);
    });
    return this;
  }

  async messages(count: number): Promise<string[]> {
    while (this.received.length < count) {
      this.#arrived = Promise.withResolvers();
      await this.#arrived.promise;
    }
    return this.received.map(String);
  }
}

/** A handler that does nothing where `does` says nothing. */
export function handler(does: Partial<GrpcStreamHandler> = {}): GrpcStreamHandler {
  return { onMessage: () => undefined, onHalfClose: () => undefined, onEnd: () => undefined, ...does };
}

/** Sends back what it gets. */
export function echo(stream: GrpcStream): GrpcStreamHandler {
  return handler({
    onMessage: (message) => stream.send([message], () => undefined),
    onHalfClose: () => stream.end(0),
  });
}

export interface TestCertificate {
  readonly key: Buffer;
  readonly certificate: Buffer;
}

/** A root, and certificates for `localhost` that it signs, which serve clients as well. */
export function makeRoot(name: string) {
  const make = (subject: string, ...more: string[]): TestCertificate => {
    const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout - -subj'.split(' ');
    const text = execFileSync('openssl', [...args, `/CN=${subject}`, ...more], { stdio: ['ignore', 'pipe', 'ignore'] });
    const block = (label: string): Buffer =>
      Buffer.from(new RegExp(`-----BEGIN ${label}-----[^]*-----END ${label}-----\\n`).exec(String(text))?.[0] ?? '');
    return { key: block('PRIVATE KEY'), certificate: block('CERTIFICATE') };
  };
  const root = make(name);
  return {
    root: root.certificate,
    issue: (subject: string): TestCertificate => {
      const folder = mkdtempSync(join(tmpdir(), 'grpc-server-'));
      try {
        const [certificate, key] = [join(folder, 'root.pem'), join(folder, 'root.key')];
        writeFileSync(certificate, root.certificate);
        writeFileSync(key, root.key);
        const leaf = ['-addext', 'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=critical,CA:FALSE'];
        return make(subject, '-CA', certificate, '-CAkey', key, ...leaf);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
}

export function serverTls(own: TestCertificate, clientRoots: Buffer): ServerTls {
  return {
    privateKey: String(own.key),
    certificateChain: String(own.certificate),
    clientRoots: String(clientRoots),
  };
}
