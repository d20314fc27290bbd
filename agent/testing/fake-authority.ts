import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createSecureServer } from 'node:http2';
import type { Http2SecureServer } from 'node:http2';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { contextTag, derTag, element, oid } from '../certificate/der.ts';
import { frame, FrameReader } from '../grpc/frames.ts';
import { createCertificatePath } from '../wire/certificate-service.ts';
import { readFields } from '../wire/discovery.ts';

const ecdsaWithSha256 = element(derTag.sequence, oid('1.2.840.10045.4.3.2'));

export interface TestRoot {
  readonly privateKey: KeyObject;
  readonly pem: string;
  readonly name: string;
}

interface Certificate {
  readonly subject: string;
  readonly publicKey: Buffer;
  readonly notAfter: Date;
  readonly ca: boolean;
  /** Tag number of the general name (2 DNS, 6 URI) and its text. */
  readonly san?: readonly [number, string];
}

export function makeTestRoot(name: string): TestRoot {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const notAfter = new Date(Date.now() + 86_400_000);
  return {
    privateKey,
    name,
    pem: certificate({ subject: name, publicKey: der, notAfter, ca: true }, { privateKey, name }),
  };
}

/** A certificate for the public key (DER) under the root. */
export function issueTestCertificate(
  root: TestRoot,
  publicKey: Buffer,
  san: readonly [number, string],
  lifetimeMs: number,
): string {
  return certificate({ subject: '', publicKey, notAfter: new Date(Date.now() + lifetimeMs), ca: false, san }, root);
}

function certificate(of: Certificate, issuer: Pick<TestRoot, 'privateKey' | 'name'>): string {
  const extension = (id: string, value: Buffer): Buffer =>
    element(derTag.sequence, oid(id), Buffer.from([1, 1, 0xff]), element(derTag.octetString, value));
  const extensions = [
    extension('2.5.29.19', element(derTag.sequence, ...(of.ca ? [Buffer.from([1, 1, 0xff])] : []))),
    ...(of.san === undefined
      ? []
      : [
          extension(
            '2.5.29.17',
            element(derTag.sequence, element(contextTag(of.san[0], 'primitive'), Buffer.from(of.san[1]))),
          ),
        ]),
  ];
  const body = element(
    derTag.sequence,
    element(contextTag(0, 'constructed'), element(derTag.integer, Buffer.from([2]))),
    element(derTag.integer, Buffer.from([1, ...crypto.getRandomValues(new Uint8Array(8))])),
    ecdsaWithSha256,
    distinguishedName(issuer.name),
    element(derTag.sequence, time(new Date(Date.now() - 60_000)), time(of.notAfter)),
    distinguishedName(of.subject),
    of.publicKey,
    element(contextTag(3, 'constructed'), element(derTag.sequence, ...extensions)),
  );
  const signature = element(derTag.bitString, Buffer.from([0]), sign('sha256', body, issuer.privateKey));
  const der = element(derTag.sequence, body, ecdsaWithSha256, signature);
  const lines = der.toString('base64').replaceAll(/.{1,64}/g, (line) => `${line}\n`);
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

function distinguishedName(commonName: string): Buffer {
  if (commonName === '') return element(derTag.sequence);
  const attribute = element(derTag.sequence, oid('2.5.4.3'), element(0x0c, Buffer.from(commonName)));
  return element(derTag.sequence, element(derTag.set, attribute));
}

/** GeneralizedTime, which RFC 5280 wants from 2050 only, but which every reader takes. */
function time(date: Date): Buffer {
  return element(0x18, Buffer.from(`${date.toISOString().replaceAll(/[-:T]|\..*/g, '')}Z`));
}

export interface FakeAuthority {
  readonly port: number;
  /** The callers' authorization, in order. */
  readonly authorizations: readonly string[];
  /** What the next calls are answered by: a gRPC status instead of a certificate. */
  failWith(status: { readonly code: number; readonly message: string } | undefined): void;
  close(): Promise<void>;
}

/** Public key (SubjectPublicKeyInfo, DER) of a PKCS#10 request as the agent writes it: found by its place. */
export function publicKeyOf(csrPem: string): Buffer {
  const der = Buffer.from(csrPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  // request { info { version, subject (empty), public key, … } … }
  const inner = skipHeader(der, skipHeader(der, 0)) + 3 + 2;
  const end = skipHeader(der, inner) + lengthAt(der, inner);
  return der.subarray(inner, end);
}

function lengthAt(der: Buffer, at: number): number {
  const first = der[at + 1] ?? 0;
  return first < 0x80 ? first : der.readUIntBE(at + 2, first & 0x7f);
}

function skipHeader(der: Buffer, at: number): number {
  const first = der[at + 1] ?? 0;
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
}

/** A certificate authority for tests: signs whatever it is asked for, for the identity it was made with. */
export async function startFakeAuthority(options: {
  readonly root: TestRoot;
  readonly spiffeId: string;
  readonly lifetimeMs: number;
  readonly serverName: string;
  readonly port?: number;
}): Promise<FakeAuthority> {
  const { root } = options;
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicDer = keys.publicKey.export({ type: 'spki', format: 'der' });
  const server = createSecureServer({
    key: createPrivateKey(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })).export({
      type: 'pkcs8',
      format: 'pem',
    }),
    cert: issueTestCertificate(root, publicDer, [2, options.serverName], 3_600_000),
  });
  const authorizations: string[] = [];
  let failure: { readonly code: number; readonly message: string } | undefined;
  server.on('stream', (stream, headers) => {
    const reader = new FrameReader();
    const known = headers[':path'] === createCertificatePath;
    const refuse = (code: number, message: string): void =>
      stream.respond(
        {
          ':status': 200,
          'content-type': 'application/grpc',
          'grpc-status': String(code),
          'grpc-message': encodeURIComponent(message),
        },
        { endStream: true },
      );
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      for (const message of reader.push(chunk)) {
        authorizations.push(headers.authorization ?? '');
        if (!known) return refuse(12, 'unknown method');
        if (failure !== undefined) return refuse(failure.code, failure.message);
        let csr = '';
        readFields(message, (field, fields) => field === 1 && ((csr = fields.string()), true));
        const leaf = issueTestCertificate(root, publicKeyOf(csr), [6, options.spiffeId], options.lifetimeMs);
        const tag = [1, WireType.LengthDelimited] as const;
        const answer = new BinaryWriter()
          .tag(...tag)
          .string(leaf)
          .tag(...tag)
          .string(root.pem)
          .finish();
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(frame(answer));
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

/** Whether the request's signature is by the key in it; for tests of the request itself. */
export function requestKey(csrPem: string): KeyObject {
  return createPublicKey({ key: publicKeyOf(csrPem), format: 'der', type: 'spki' });
}
