import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordingLogger } from '../../lib/logger.ts';
import { issueTestCertificate, makeTestRoot } from '../testing/test-certificates.ts';
import { FileSecrets, parseFileSecret } from './file-secrets.ts';
import { SecretStore } from './secret-store.ts';

const root = makeTestRoot('root');
let folder: string;
let store: SecretStore;
let files: FileSecrets;
let log: ReturnType<typeof recordingLogger>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meltemi-files-'));
  store = new SecretStore();
  log = recordingLogger();
  files = new FileSecrets(store, log);
});
afterEach(() => {
  files.stop();
  rmSync(folder, { recursive: true });
});

const path = (name: string) => join(folder, name);
const write = (name: string, text: string) => writeFileSync(path(name), text);
const sent = (name: string) => Buffer.from(store.get(name)?.bytes ?? []).toString('latin1');
const complaints = () => log.entries.map(({ level, fields }) => `${level}: ${String(fields['error'])}`);

function certificateAndKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const chain = issueTestCertificate(root, der, [2, 'client.example.com'], 60_000);
  return { chain, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

it('reads names of files as Istio writes them', () => {
  expect(parseFileSecret('file-root:/etc/certs/ca.pem')).toEqual({ kind: 'roots', file: '/etc/certs/ca.pem' });
  expect(parseFileSecret('file-root:system')).toMatchObject({ file: '/etc/ssl/certs/ca-certificates.crt' });
  expect(parseFileSecret('file-cert:/etc/a.pem~/etc/a.key')).toEqual({
    kind: 'certificate',
    chainFile: '/etc/a.pem',
    keyFile: '/etc/a.key',
  });
  for (const other of ['default', 'file-root:', 'file-cert:/etc/a.pem', 'file-cert:a~b~c', 'file-cert:~b']) {
    expect(parseFileSecret(other)).toBeUndefined();
  }
});

describe('roots', () => {
  it('are there once wanted, and again when the file changes', () => {
    const name = `file-root:${path('ca.pem')}`;
    write('ca.pem', root.pem);
    files.look();
    expect(store.get(name)).toBeUndefined();
    files.want(name);
    expect(sent(name)).toContain(root.pem);
    const { pem } = makeTestRoot('next');
    write('ca.pem', root.pem + pem);
    files.look();
    expect(sent(name)).toContain(pem);
    expect(log.entries).toEqual([]);
  });

  it('that are missing are reported once, waited for, and kept when they go', () => {
    const name = `file-root:${path('ca.pem')}`;
    files.want(name);
    files.look();
    expect(complaints()).toEqual([expect.stringMatching(/^error: .*ENOENT.*ca\.pem/)]);
    write('ca.pem', root.pem);
    files.look();
    expect(sent(name)).toContain(root.pem);
    write('ca.pem', '');
    files.look();
    expect(sent(name)).toContain(root.pem);
    expect(complaints()[1]).toMatch('ca.pem holds no certificate');
  });
});

describe('a certificate', () => {
  it('is taken only with the key that belongs to it', () => {
    const name = `file-cert:${path('a.pem')}~${path('a.key')}`;
    const [first, second] = [certificateAndKey(), certificateAndKey()];
    write('a.pem', first.chain);
    write('a.key', first.key);
    files.want(name);
    expect(sent(name)).toContain(first.chain);
    expect(sent(name)).toContain(first.key);
    write('a.pem', second.chain);
    files.look();
    expect(sent(name)).toContain(first.chain);
    expect(complaints()).toEqual([expect.stringContaining('is not that of the certificate')]);
    write('a.key', second.key);
    files.look();
    expect(sent(name)).toContain(second.chain);
    expect(sent(name)).toContain(second.key);
  });

  it('that cannot be read hurts no other secret, and shows nothing of a key', () => {
    const broken = `file-cert:${path('a.pem')}~${path('a.key')}`;
    const name = `file-root:${path('ca.pem')}`;
    const { chain, key } = certificateAndKey();
    write('a.pem', chain);
    write('a.key', key.slice(0, 90));
    write('ca.pem', root.pem);
    files.want(broken);
    files.want(name);
    expect(store.get(broken)).toBeUndefined();
    expect(sent(name)).toContain(root.pem);
    expect(complaints()).toEqual([expect.stringContaining('a.key holds no private key')]);
    expect(JSON.stringify(log.entries)).not.toContain(key.slice(30, 80));
  });
});
