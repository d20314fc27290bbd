import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { JsonObject } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ChannelCredentials, ServiceError } from '@grpc/grpc-js';
import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createAuthenticator } from '../lib/authentication.ts';
import { startGrpcServer } from '../lib/grpc-server/server.ts';
import type { TokenVerdict } from '../lib/kube/token-review.ts';
import { recordingLogger } from '../lib/logger.ts';
import { createRegistry, renderMetrics } from '../lib/metrics.ts';
import { IstioCertificateRequestSchema, IstioCertificateResponseSchema } from './api/gen/istio_ca_pb.js';
import { createAudit } from './audit.ts';
import { makeSelfSigned, openAuthority } from './authority.ts';
import type { Authority } from './authority.ts';
import { CallerLimits } from './caller-limits.ts';
import type { CallerLimitOptions } from './caller-limits.ts';
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

interface ServeOptions {
  readonly lifetimeMs?: number;
  readonly limits?: CallerLimitOptions;
  readonly reviewToken?: (token: string) => Promise<TokenVerdict>;
}

const webVerdict: TokenVerdict = {
  authenticated: true,
  namespace: 'shop',
  serviceAccount: 'web',
  pod: { name: 'web-1', uid: 'u1' },
};

async function serve(options: ServeOptions = {}): Promise<Running> {
  const authority = await newAuthority(options.lifetimeMs);
  const logger = recordingLogger();
  const registry = createRegistry({ processMetrics: false });
  publishExpiry(registry, () => authority);
  const service = certificateService({
    authority: () => authority,
    authenticate: createAuthenticator({
      trustDomain: 'cluster.local',
      audience: 'istio-ca',
      reviewToken: options.reviewToken ?? (() => Promise.resolve(webVerdict)),
    }),
    audit: createAudit(logger.child('audit')),
    callerLimits: new CallerLimits(options.limits),
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

const encodeRequest = (request: { csr?: string; validityDuration?: bigint; metadata?: JsonObject }): Buffer =>
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

  it('writes who got what into the audit trail, and the key material of nobody', async () => {
    const running = await serve();
    const leaf = await issued(running, { authorization: bearer });
    expect(running.logger.entries).toHaveLength(1);
    expect(running.logger.entries[0]).toMatchObject({
      component: 'audit',
      message: 'certificate issued',
      fields: {
        caller: 'spiffe://cluster.local/ns/shop/sa/web',
        provenBy: 'service-account-token',
        pod: 'shop/web-1',
        podUid: 'u1',
        peer: expect.stringMatching(/^(127\.0\.0\.1|::1)$/) as unknown,
        names: ['spiffe://cluster.local/ns/shop/sa/web'],
        serial: leaf.serialNumber.toLowerCase(),
        issuer: running.authority.certificate.serialNumber.toLowerCase(),
        ttlSeconds: 24 * 3600,
      },
    });
    expect(JSON.stringify(running.logger.entries)).not.toContain(goodToken.slice(-20));
  });

  it('writes who was refused, and why', async () => {
    const running = await serve();
    await ask(running, {});
    await ask(running, { authorization: bearer, message: encodeRequest({}) });
    const refusals = running.logger.entries.map(({ component, message, fields }) => [component, message, fields]);
    expect(refusals).toMatchObject([
      ['audit', 'certificate refused', { reason: 'neither a client certificate nor a token was shown' }],
      ['audit', 'certificate refused', { caller: 'spiffe://cluster.local/ns/shop/sa/web', pod: 'shop/web-1' }],
    ]);
  });

  it('answers RESOURCE_EXHAUSTED to a caller that asks too often, whatever it asks for, and serves the others', async () => {
    const verdicts = { ...webVerdict, pod: undefined };
    const running = await serve({
      limits: { certificates: { burst: 2, perSecond: 0.001 } },
      reviewToken: (text) => {
        const { pod } = JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as { pod: string };
        return Promise.resolve({ ...verdicts, pod: { name: pod, uid: pod } });
      },
    });
    const of = (pod: string): string => `Bearer ${token({ aud: ['istio-ca'], exp: Date.now() / 1000 + 3600, pod })}`;
    await issued(running, { authorization: of('a') });
    expect(await ask(running, { authorization: of('a'), message: encodeRequest({}) })).toMatchObject({ code: 3 });
    expect(await ask(running, { authorization: of('a') })).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/^2 certificates at once .* try again in a second$/) as unknown,
    });
    await issued(running, { authorization: of('b') });
    expect(await running.metrics()).toContain('meltemi_ca_limited_total{limit="caller"} 1');
  });

  it('looks at no more credentials from an address of which too many were refused, but at certificates', async () => {
    const reviewed: string[] = [];
    const running = await serve({
      limits: { refusals: { burst: 2, perSecond: 0.001 } },
      reviewToken: (text) => {
        reviewed.push(text);
        const refused: TokenVerdict = { authenticated: false, reason: 'the API server does not know the token' };
        return Promise.resolve(text === goodToken ? webVerdict : refused);
      },
    });
    const leaf = await issued(running, { authorization: bearer });
    const forged = (n: number): Call => ({
      authorization: `Bearer ${token({ aud: ['istio-ca'], exp: Date.now() / 1000 + 3600, n })}`,
    });
    for (const n of [1, 2]) expect(await ask(running, forged(n))).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(await ask(running, forged(3))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: 'too many credentials from this address were refused; try again in a while',
    });
    expect(reviewed).toHaveLength(3);
    const root = Buffer.from(running.authority.rootCertificates);
    await issued(running, { tls: credentials.createSsl(root, pkcs8(), pemOf(leaf)) });
  });

  it('issues nothing to a caller that asks in the name of another', async () => {
    const metadata = { ImpersonatedIdentity: 'spiffe://cluster.local/ns/shop/sa/bank' };
    const running = await serve();
    const asked = await ask(running, { authorization: bearer, message: encodeRequest({ csr, metadata }) });
    expect(asked).toMatchObject({ code: status.UNAUTHENTICATED });
    const others = { ClusterID: 'Kubernetes', CertSigner: 'x', ImpersonatedIdentity: '' };
    const leaf = await issued(running, {
      authorization: bearer,
      message: encodeRequest({ csr, metadata: others }),
    });
    expect(leaf.subjectAltName).toBe('URI:spiffe://cluster.local/ns/shop/sa/web');
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

  it('answers INVALID_ARGUMENT to bytes that are no message', async () => {
    const error = await ask(await serve(), { authorization: bearer, message: Buffer.from([0xff, 0xff, 0xff]) });
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('does not take a message in that is longer than any good one', async () => {
    const running = await serve();
    expect(await ask(running, { authorization: bearer, message: Buffer.alloc(100_000) })).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: 'a message of 100000 bytes came; the most is 16384',
    });
    expect(await running.metrics()).toContain('citadel_server_csr_count 0');
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
    await ask(running, { authorization: bearer, message: encodeRequest({ csr, validityDuration: -1n }) });
    const text = await running.metrics();
    expect(text).toContain('citadel_server_csr_count 4');
    expect(text).toContain('citadel_server_success_cert_issuance_count 1');
    expect(text).toContain('citadel_server_csr_parsing_err_count 1');
    expect(text).toContain('citadel_server_csr_sign_err_count{error="CSR_ERROR"} 1');
    expect(text).toContain('citadel_server_csr_sign_err_count{error="TTL_ERROR"} 1');
    expect(text).toContain('citadel_server_authentication_failure_count 1');
    const end = running.authority.notAfter.getTime() / 1000;
    expect(text).toContain(`citadel_server_root_cert_expiry_timestamp ${String(end)}`);
    expect(text).toMatch(/citadel_server_cert_chain_expiry_seconds 86\d{4}/);
  });
});

const pkcs8 = (): Buffer => Buffer.from(key.export({ format: 'pem', type: 'pkcs8' }));
const pemOf = (certificate: X509Certificate): Buffer => Buffer.from(certificate.toString());
