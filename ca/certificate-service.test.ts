import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ChannelCredentials, ServiceError } from '@grpc/grpc-js';
import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createAuthenticator } from '../lib/authentication.ts';
import { startGrpcServer } from '../lib/grpc-server/server.ts';
import { recordingLogger } from '../lib/logger.ts';
import { createRegistry, renderMetrics } from '../lib/metrics.ts';
import { IstioCertificateRequestSchema, IstioCertificateResponseSchema } from './api/gen/istio_ca_pb.js';
import { makeSelfSigned, openAuthority } from './authority.ts';
import type { Authority } from './authority.ts';
import { certificateService } from './certificate-service.ts';
import { createIssuanceMetrics, publishExpiry } from './issuance-metrics.ts';
import { publicKeyOf } from './public-key.ts';
import { issueServerCertificate } from './server-certificate.ts';
import { ecKey, makeRequest } from './signing-request.testing.ts';

const day = 24 * 3600 * 1000;
const key = ecKey();
const csr = makeRequest({ key });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

interface Running {
  readonly authority: Authority;
  readonly address: string;
  readonly logger: ReturnType<typeof recordingLogger>;
  readonly metrics: () => Promise<string>;
}

const newAuthority = async (lifetimeMs = 10 * day): Promise<Authority> => {
  const order = { trustDomain: 'cluster.local', keyType: 'ECDSA-P256', lifetimeMs, now: new Date() } as const;
  return openAuthority(await makeSelfSigned(order), new Date());
};

/** A token as the API server makes them, but for the signature. */
function token(claims: object): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode({ alg: 'RS256' })}.${encode(claims)}.c2lnbmF0dXJl`;
}
const goodToken = token({ aud: ['istio-ca'], exp: Date.now() / 1000 + 3600 });

async function serve(lifetimeMs?: number): Promise<Running> {
  const authority = await newAuthority(lifetimeMs);
  const logger = recordingLogger();
  const registry = createRegistry({ processMetrics: false });
  publishExpiry(registry, () => authority);
  const service = certificateService({
    authority: () => authority,
    authenticate: createAuthenticator({
      trustDomain: 'cluster.local',
      audience: 'istio-ca',
      reviewToken: () =>
        Promise.resolve({
          authenticated: true,
          namespace: 'shop',
          serviceAccount: 'web',
          pod: { name: 'web-1', uid: 'u1' },
        }),
    }),
    logger,
    metrics: createIssuanceMetrics(registry),
  });
  const own = await issueServerCertificate(authority, { dnsNames: ['localhost'], ttlMs: day, now: new Date() });
  const tls = { ...own, clientRoots: authority.rootCertificates };
  const server = await startGrpcServer({ address: 'localhost:0', tls, methods: service });
  cleanups.push(() => server.close(1));
  const address = `localhost:${String(server.port)}`;
  return { authority, address, logger, metrics: async () => (await renderMetrics(registry)).body };
}

interface Call {
  readonly message?: Buffer;
  readonly authorization?: string;
  readonly tls?: ChannelCredentials;
}

const encodeRequest = (request: { csr?: string; validityDuration?: bigint }): Buffer =>
  Buffer.from(toBinary(IstioCertificateRequestSchema, create(IstioCertificateRequestSchema, request)));

/** The chain, or the error. */
function ask({ authority, address }: Running, call: Call): Promise<readonly string[] | ServiceError> {
  const client = new Client(address, call.tls ?? credentials.createSsl(Buffer.from(authority.rootCertificates)));
  cleanups.push(() => client.close());
  const metadata = new Metadata();
  if (call.authorization !== undefined) metadata.set('authorization', call.authorization);
  const bytes = (value: Buffer): Buffer => value;
  const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, bytes, bytes, call.message ?? encodeRequest({ csr }), metadata, (error, value) =>
      resolve(error ?? fromBinary(IstioCertificateResponseSchema, value ?? Buffer.alloc(0)).certChain),
    );
  });
}

async function issued(running: Running, call: Call): Promise<X509Certificate> {
  const chain = await ask(running, call);
  if (chain instanceof Error) throw chain;
  return new X509Certificate(chain[0] ?? '');
}

const bearer = `Bearer ${goodToken}`;

describe('certificateService', () => {
  it('gives the caller of a good token a certificate of its own identity and the root last', async () => {
    const running = await serve();
    const chain = (await ask(running, { authorization: bearer })) as readonly string[];
    expect(chain).toHaveLength(2);
    expect(chain[1]).toBe(running.authority.rootCertificates);
    const leaf = new X509Certificate(chain[0] ?? '');
    expect(leaf.subjectAltName).toBe('URI:spiffe://cluster.local/ns/shop/sa/web');
    expect(publicKeyOf(leaf.publicKey).equals(publicKeyOf(key))).toBe(true);
    expect(leaf.verify(running.authority.certificate.publicKey)).toBe(true);
    const life = leaf.validToDate.getTime() - leaf.validFromDate.getTime();
    expect(life / 1000).toBe(24 * 3600 + 120);
  });

  it('writes who got what into the log, and the key material of nobody', async () => {
    const running = await serve();
    const leaf = await issued(running, { authorization: bearer });
    const entry = running.logger.entries.find(({ message }) => message === 'certificate issued');
    expect(entry?.fields).toMatchObject({
      names: ['spiffe://cluster.local/ns/shop/sa/web'],
      serial: leaf.serialNumber.toLowerCase(),
      ttlSeconds: 24 * 3600,
      provenBy: 'service-account-token',
      pod: 'shop/web-1',
    });
    expect(JSON.stringify(running.logger.entries)).not.toContain(goodToken.slice(-20));
  });

  it('renews for a caller that shows a certificate of the mesh', async () => {
    const running = await serve();
    const leaf = await issued(running, { authorization: bearer });
    const root = Buffer.from(running.authority.rootCertificates);
    const tls = credentials.createSsl(root, pkcs8(), pemOf(leaf));
    expect((await issued(running, { tls })).subjectAltName).toBe(leaf.subjectAltName);
  });

  it('takes a certificate that another authority signed for none', async () => {
    const running = await serve();
    const other = await newAuthority();
    const stolen = await other.signer.sign({
      publicKey: publicKeyOf(key),
      names: [{ type: 'uri', value: 'spiffe://cluster.local/ns/shop/sa/web' }],
      notBefore: new Date(Date.now() - 1000),
      notAfter: new Date(Date.now() + day),
    });
    const root = Buffer.from(running.authority.rootCertificates);
    const tls = credentials.createSsl(root, pkcs8(), Buffer.from(stolen.pem));
    expect(await ask(running, { tls })).toMatchObject({
      code: status.UNAUTHENTICATED,
      details: 'neither a client certificate nor a token was shown',
    });
  });

  it('gives no more time than is asked for, allowed, and left of the authority', async () => {
    const running = await serve();
    const short = await issued(running, {
      authorization: bearer,
      message: encodeRequest({ csr, validityDuration: 60n }),
    });
    expect(short.validToDate.getTime()).toBeLessThanOrEqual(Date.now() + 60_000);
    const long = encodeRequest({ csr, validityDuration: 90n * 86_400n });
    const capped = await issued(running, { authorization: bearer, message: long });
    expect(capped.validToDate).toEqual(running.authority.notAfter);
  });

  it.each([
    ['too long a life', { csr, validityDuration: 90n * 86_400n + 1n }, /too long; the most is 7776000 seconds/],
    ['a negative life', { csr, validityDuration: -1n }, /negative/],
    ['no signing request', {}, /the request is empty/],
    ['a forged signing request', { csr: makeRequest({ key, signingKey: ecKey() }) }, /does not fit the key/],
  ])('answers INVALID_ARGUMENT to %s', async (_what, request, reason) => {
    const error = await ask(await serve(), { authorization: bearer, message: encodeRequest(request) });
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(error).toHaveProperty('details', expect.stringMatching(reason));
  });

  it.each([
    ['bytes that are no message', Buffer.from([0xff, 0xff, 0xff])],
    ['a message that is too long', Buffer.alloc(100_000)],
  ])('answers INVALID_ARGUMENT to %s', async (_what, message) => {
    const error = await ask(await serve(), { authorization: bearer, message });
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('answers UNAUTHENTICATED to a caller without credentials, before it looks at the request', async () => {
    expect(await ask(await serve(), { message: Buffer.from([0xff]) })).toMatchObject({
      code: status.UNAUTHENTICATED,
      details: 'neither a client certificate nor a token was shown',
    });
  });

  it('counts under the names of Istio', async () => {
    const running = await serve();
    await ask(running, { authorization: bearer });
    await ask(running, { authorization: bearer, message: encodeRequest({}) });
    await ask(running, {});
    const text = await running.metrics();
    expect(text).toContain('citadel_server_csr_count 3');
    expect(text).toContain('citadel_server_success_cert_issuance_count 1');
    expect(text).toContain('citadel_server_csr_parsing_err_count 1');
    expect(text).toContain('citadel_server_authentication_failure_count 1');
    const end = running.authority.notAfter.getTime() / 1000;
    expect(text).toContain(`citadel_server_root_cert_expiry_timestamp ${String(end)}`);
    expect(text).toMatch(/citadel_server_cert_chain_expiry_seconds 86\d{4}/);
  });
});

const pkcs8 = (): Buffer => Buffer.from(key.export({ format: 'pem', type: 'pkcs8' }));
const pemOf = (certificate: X509Certificate): Buffer => Buffer.from(certificate.toString());
