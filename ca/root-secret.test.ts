import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { KubeError } from '../lib/kube/error.ts';
import type { ChangeListener } from '../lib/kube/informer.ts';
import type { Secret } from '../lib/kube/types.ts';
import { recordingLogger } from '../lib/logger.ts';
import { makeSelfSigned } from './authority.ts';
import type { AuthorityFiles } from './authority.ts';
import { ensureRoot, rootSecretName } from './root-secret.ts';
import type { RootSecretClient } from './root-secret.ts';
import { openRootSource } from './root-source.ts';
import type { AuthoritySource } from './root-source.ts';

const namespace = 'meltemi-system';
const make = (): Promise<AuthorityFiles> =>
  makeSelfSigned({ trustDomain: 'cluster.local', keyType: 'ECDSA-P256', lifetimeMs: 1e10, now: new Date() });

/** An API server with room for one Secret. */
class SecretServer {
  secret: Secret | undefined;
  creations = 0;

  readonly client: RootSecretClient = {
    get: async <T>() => {
      await setImmediate();
      return this.secret as T | undefined;
    },
    create: async <T>(_resource: unknown, object: unknown) => {
      await setImmediate();
      if (this.secret !== undefined) {
        const body = JSON.stringify({ kind: 'Status', code: 409, reason: 'AlreadyExists', message: 'exists' });
        throw new KubeError('create secret', 409, body);
      }
      this.creations += 1;
      this.secret = object as Secret;
      return object as T;
    },
  };
}

function withData(secret: Secret | undefined, changes: Readonly<Record<string, string | undefined>>): Secret {
  const data = { ...secret?.data };
  for (const [key, text] of Object.entries(changes)) {
    if (text === undefined) Reflect.deleteProperty(data, key);
    else data[key] = Buffer.from(text).toString('base64');
  }
  return { ...secret, metadata: { name: rootSecretName, namespace }, data };
}

describe('ensureRoot', () => {
  it('makes the Secret in the layout of Istio when there is none', async () => {
    const server = new SecretServer();
    const files = await ensureRoot(server.client, namespace, make);
    expect(server.secret?.type).toBe('istio.io/ca-root');
    expect(Object.keys(server.secret?.data ?? {})).toEqual([
      'ca-cert.pem',
      'ca-key.pem',
      'cert-chain.pem',
      'root-cert.pem',
    ]);
    expect(Buffer.from(server.secret?.data?.['root-cert.pem'] ?? '', 'base64').toString()).toBe(files.rootCert);
  });

  it('gives every one of many replicas that race the same root', async () => {
    const server = new SecretServer();
    const roots = await Promise.all(Array.from({ length: 8 }, () => ensureRoot(server.client, namespace, make)));
    expect(server.creations).toBe(1);
    expect(new Set(roots.map((root) => root.caCert)).size).toBe(1);
  });

  it('reads a Secret without root-cert.pem as that of a root which signs for itself', async () => {
    const server = new SecretServer();
    const files = await ensureRoot(server.client, namespace, make);
    server.secret = withData(server.secret, { 'root-cert.pem': undefined });
    expect((await ensureRoot(server.client, namespace, make)).rootCert).toBe(files.caCert);
  });

  it('names the Secret and the key that is missing, and writes nothing', async () => {
    const server = new SecretServer();
    await ensureRoot(server.client, namespace, make);
    server.secret = withData(server.secret, { 'ca-key.pem': undefined });
    await expect(ensureRoot(server.client, namespace, make)).rejects.toThrow(
      /Secret meltemi-system\/istio-ca-secret .*ca-key\.pem is missing/,
    );
    expect(server.creations).toBe(1);
  });
});

interface Running {
  readonly source: AuthoritySource;
  readonly server: SecretServer;
  readonly listener: ChangeListener<Secret>;
  readonly messages: () => readonly string[];
}

async function run(server = new SecretServer()): Promise<Running> {
  const listeners: ChangeListener<Secret>[] = [];
  const logger = recordingLogger();
  const source = await openRootSource({
    client: server.client,
    informer: {
      onChange: (added) => {
        listeners.push(added);
        return () => undefined;
      },
    },
    namespace,
    trustDomain: 'cluster.local',
    logger,
    signal: new AbortController().signal,
  });
  const messages = (): readonly string[] => logger.entries.map((entry) => entry.message);
  return { source, server, messages, listener: listeners[0] ?? {} };
}

describe('openRootSource', () => {
  it('refuses to start with a Secret that is corrupt', async () => {
    const server = new SecretServer();
    server.secret = withData(undefined, { 'ca-cert.pem': 'x', 'ca-key.pem': 'y' });
    await expect(run(server)).rejects.toThrow(/Secret meltemi-system\/istio-ca-secret holds no usable/);
    expect(server.creations).toBe(0);
  });

  it('follows a change to another root and tells listeners', async () => {
    const { source, server, listener } = await run();
    const before = source.current;
    const told: string[] = [];
    source.onChange((authority) => told.push(authority.rootCertificates));
    const files = await make();
    const changes = { 'ca-cert.pem': files.caCert, 'ca-key.pem': files.caKey, 'root-cert.pem': files.rootCert };
    listener.added?.(withData(server.secret, {}));
    listener.updated?.(withData(server.secret, changes), withData(server.secret, {}));
    expect(source.current.rootCertificates).toBe(files.rootCert);
    expect(told).toEqual([files.rootCert]);
    expect(before.rootCertificates).not.toBe(files.rootCert);
  });

  it('stays with the running root when the Secret becomes unusable, and says so', async () => {
    const { source, server, listener, messages } = await run();
    const before = source.current;
    listener.updated?.(withData(server.secret, { 'ca-key.pem': 'broken' }), withData(server.secret, {}));
    expect(source.current).toBe(before);
    expect(messages()).toContain('certificate authority was changed to one that is refused; the running one stays');
  });

  it('ignores other Secrets', async () => {
    const { source, listener } = await run();
    const before = source.current;
    listener.added?.({ metadata: { name: 'other', namespace }, data: {} });
    expect(source.current).toBe(before);
  });

  it('writes a deleted Secret again, with the running root', async () => {
    const { server, listener } = await run();
    const deleted = withData(server.secret, {});
    server.secret = undefined;
    listener.deleted?.(deleted);
    await expect.poll(() => server.secret?.data).toEqual(deleted.data);
  });
});
