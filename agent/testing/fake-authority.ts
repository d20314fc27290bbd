import { generateKeyPairSync } from 'node:crypto';
import { createSecureServer } from 'node:http2';
import type { Http2SecureServer, ServerHttp2Stream } from 'node:http2';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { frame, FrameReader } from '../grpc/frames.ts';
import { createCertificatePath } from '../wire/certificate-service.ts';
import { readFields } from '../wire/discovery.ts';
import { issueTestCertificate, publicKeyOf } from './test-certificates.ts';
import type { TestRoot } from './test-certificates.ts';

export interface FakeAuthority {
  readonly port: number;
  /** The callers' authorization, in order. */
  readonly authorizations: readonly string[];
  /** What the next calls are answered by: a gRPC status instead of a certificate. */
  failWith(status: { readonly code: number; readonly message: string } | undefined): void;
  close(): Promise<void>;
}

/** A certificate authority for tests: signs whatever it is asked for, for the identity it was made with. */
export async function startFakeAuthority(options: {
  readonly root: TestRoot;
  readonly spiffeId: string;
  readonly lifetimeMs: number;
  readonly serverName: string;
  readonly port?: number;
  /** Streams of other methods; without it they are refused. */
  readonly otherwise?: (stream: ServerHttp2Stream, path: string) => void;
}): Promise<FakeAuthority> {
  const { root } = options;
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicDer = keys.publicKey.export({ type: 'spki', format: 'der' });
  const server = createSecureServer({
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: issueTestCertificate(root, publicDer, [2, options.serverName], 3_600_000),
    ca: root.pem,
    requestCert: true,
    // Callers without a certificate ask for their first.
    rejectUnauthorized: false,
  });
  const sign = (request: Uint8Array): string => {
    let csr = '';
    readFields(request, (field, fields) => field === 1 && ((csr = fields.string()), true));
    return issueTestCertificate(root, publicKeyOf(csr), [6, options.spiffeId], options.lifetimeMs);
  };
  const authorizations: string[] = [];
  let failure: { readonly code: number; readonly message: string } | undefined;
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const path = headers[':path'] ?? '';
    if (path !== createCertificatePath) {
      if (options.otherwise === undefined) refuse(stream, 12, 'unknown method');
      else options.otherwise(stream, path);
      return;
    }
    const reader = new FrameReader();
    stream.on('data', (chunk: Buffer) => {
      for (const message of reader.push(chunk)) {
        authorizations.push(headers.authorization ?? '');
        if (failure === undefined) answer(stream, sign(message), root.pem);
        else refuse(stream, failure.code, failure.message);
      }
    });
  });
  await listen(server, options.port ?? 0);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    authorizations,
    failWith: (status) => (failure = status),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function listen(server: Http2SecureServer, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => resolve());
  });
}

function refuse(stream: ServerHttp2Stream, code: number, message: string): void {
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(code),
      'grpc-message': encodeURIComponent(message),
    },
    { endStream: true },
  );
}

/** `IstioCertificateResponse` and a good end. */
function answer(stream: ServerHttp2Stream, ...chain: readonly string[]): void {
  const writer = new BinaryWriter();
  for (const pem of chain) writer.tag(1, WireType.LengthDelimited).string(pem);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(frame(writer.finish()));
}
