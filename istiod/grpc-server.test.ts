import type { ChannelCredentials } from '@grpc/grpc-js';
import { credentials, status } from '@grpc/grpc-js';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { generateKey } from '../ca/algorithms.ts';
import type { Authority } from '../ca/authority.ts';
import { makeSelfSigned, openAuthority } from '../ca/authority.ts';
import { encodePem } from '../ca/pem.ts';
import { publicKeyOf } from '../ca/public-key.ts';
import { createAuthenticator } from '../lib/authentication.ts';
import { credentialsOf } from '../lib/grpc-credentials.ts';
import { spiffeId, unprovenCaller } from '../lib/identity.ts';
import { silentLogger } from '../lib/logger.ts';
import { createRegistry } from '../lib/metrics.ts';
import { AdsClient, sidecarNode } from '../xds/serve/ads-client.testing.ts';
import { AdsServer } from '../xds/serve/ads-server.ts';
import { nothingVisible } from '../xds/serve/resources.testing.ts';
import { ServeMetrics } from '../xds/serve/serve-metrics.ts';
import { serveGrpc } from './grpc-server.ts';
import { ServingCertificate } from './serving-certificate.ts';

const dayMs = 86_400_000;
const trustDomain = 'cluster.local';
const serverName = 'istiod.istio-system.svc';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function newAuthority(): Promise<Authority> {
  const order = { trustDomain, keyType: 'ECDSA-P256', lifetimeMs: 30 * dayMs, now: new Date() } as const;
  return openAuthority(await makeSelfSigned(order), new Date());
}

/** An authority that a test replaces. */
class ChangingAuthority {
  current: Authority;
  readonly #listeners = new Set<(authority: Authority) => void>();
  constructor(first: Authority) {
    this.current = first;
  }
  onChange(listener: (authority: Authority) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  change(next: Authority): void {
    this.current = next;
    for (const listener of this.#listeners) listener(next);
  }
}

function adsServer(authenticated: boolean): AdsServer {
  const authenticate = createAuthenticator({
    trustDomain,
    audience: 'istio-ca',
    reviewToken: () => Promise.resolve({ authenticated: false, reason: 'no token is believed here' }),
  });
  return new AdsServer({
    authenticate: (call) => (authenticated ? authenticate(credentialsOf(call)) : Promise.resolve(unprovenCaller)),
    configurationOf: () => ({ visible: () => nothingVisible(), close: () => undefined }),
    logger: silentLogger,
    metrics: new ServeMetrics(createRegistry({ processMetrics: false })),
  });
}

async function serveTls() {
  const authority = new ChangingAuthority(await newAuthority());
  const stop = new AbortController();
  cleanups.push(() => stop.abort());
  const certificate = await ServingCertificate.issue({
    authority,
    dnsNames: [serverName],
    ttlMs: dayMs,
    logger: silentLogger,
    signal: stop.signal,
  });
  const ads = adsServer(true);
  const server = await serveGrpc({
    ...{ address: '127.0.0.1:0', tls: { certificate, authority }, methods: ads.methods, logger: silentLogger },
  });
  cleanups.push(() => server.close(10));
  const connect = (tls: ChannelCredentials): AdsClient => {
    const client = new AdsClient(`127.0.0.1:${server.port}`, tls, undefined, serverName);
    cleanups.push(() => client.vanish());
    client.subscribe('cluster', ['*'], sidecarNode('web-1', 'shop', 'web'));
    return client;
  };
  return { authority, certificate, connect };
}

/** TLS of a client that trusts one authority and has a certificate of another, or none. */
async function clientTls(trusted: Authority, issuer?: Authority, serviceAccount = 'web'): Promise<ChannelCredentials> {
  const roots = Buffer.from(trusted.rootCertificates);
  if (issuer === undefined) return credentials.createSsl(roots);
  const key = await generateKey('ECDSA-P256');
  const { pem } = await issuer.signer.sign({
    publicKey: publicKeyOf(key),
    names: [{ type: 'uri', value: spiffeId({ trustDomain, namespace: 'shop', serviceAccount }) }],
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + dayMs),
  });
  const privateKey = encodePem('PRIVATE KEY', key.export({ format: 'der', type: 'pkcs8' }));
  return credentials.createSsl(roots, Buffer.from(privateKey), Buffer.from(pem));
}

describe('the TLS port', () => {
  it('believes a client certificate of the mesh', async () => {
    const { authority, connect } = await serveTls();
    const client = connect(await clientTls(authority.current, authority.current));
    expect((await client.next()).typeUrl).toMatch(/Cluster$/);
  });

  it('holds a client to the identity in its certificate', async () => {
    const { authority, connect } = await serveTls();
    const client = connect(await clientTls(authority.current, authority.current, 'other'));
    const { code, details } = await client.status();
    expect(code).toBe(status.PERMISSION_DENIED);
    expect(details).toContain('shop/other');
    expect(details).toContain('shop/web');
  });

  it('takes a client with a certificate of another root for one without', async () => {
    const { authority, connect } = await serveTls();
    const client = connect(await clientTls(authority.current, await newAuthority()));
    expect(await client.status()).toMatchObject({
      code: status.UNAUTHENTICATED,
      details: 'neither a client certificate nor a token was shown',
    });
  });

  it('lets a client connect without a certificate, and asks it for another proof', async () => {
    const { authority, connect } = await serveTls();
    const client = connect(await clientTls(authority.current));
    expect(await client.status()).toMatchObject({ code: status.UNAUTHENTICATED });
  });

  it('shows the new certificate, and believes the new root, after the authority changed; open streams go on', async () => {
    const { authority, certificate, connect } = await serveTls();
    const first = authority.current;
    const early = connect(await clientTls(first, first));
    await early.next();
    const renewed = vi.fn();
    certificate.onChange(renewed);
    authority.change(await newAuthority());
    await vi.waitFor(() => expect(renewed).toHaveBeenCalledTimes(2));
    const late = connect(await clientTls(authority.current, authority.current));
    await late.next();
    const stale = connect(await clientTls(authority.current, first));
    expect(await stale.status()).toMatchObject({ code: status.UNAUTHENTICATED });
    early.subscribe('listener');
    expect((await early.next()).typeUrl).toMatch(/Listener$/);
  });
});

describe('a gRPC server of istiod', () => {
  it('says which address it cannot listen on', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const address = `127.0.0.1:${port}`;
    await expect(serveGrpc({ address, methods: {}, logger: silentLogger })).rejects.toThrow(
      `cannot listen on ${address}`,
    );
  });

  it('waits for its streams to end, for no longer than the grace period', async () => {
    const ads = adsServer(false);
    const server = await serveGrpc({ address: '127.0.0.1:0', methods: ads.methods, logger: silentLogger });
    const client = new AdsClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
    client.subscribe('cluster', ['*'], sidecarNode('web-1', 'shop'));
    await client.next();
    ads.close();
    expect(await client.status()).toMatchObject({ code: status.UNAVAILABLE });
    await server.close(60_000);

    const another = await serveGrpc({
      address: '127.0.0.1:0',
      methods: adsServer(false).methods,
      logger: silentLogger,
    });
    const stuck = new AdsClient(`127.0.0.1:${another.port}`, credentials.createInsecure());
    stuck.subscribe('cluster', ['*'], sidecarNode('web-1', 'shop'));
    await stuck.next();
    await another.close(10);
    stuck.vanish();
  });
});
