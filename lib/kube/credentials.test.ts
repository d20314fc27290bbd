import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadClusterAccess } from './credentials.ts';

function writeKubeconfig(user: object, cluster: object = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'meltemi-credentials-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'token'), 'from-file\n');
  writeFileSync(join(folder, 'ca'), 'the ca');
  const path = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://api.example:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'one', context: { cluster: 'c', user: 'u', namespace: 'here' } },
      { name: 'lost', context: { cluster: 'nowhere', user: 'u' } },
    ],
    'current-context': 'one',
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

describe('loadClusterAccess', () => {
  it('reads the address, the namespace and a token', async () => {
    const access = loadClusterAccess({ kubeconfig: writeKubeconfig({ token: 'secret' }) });
    expect(access).toMatchObject({ server: 'https://api.example:6443', namespace: 'here' });
    expect((await access.authenticate()).headers).toEqual({ Authorization: 'Bearer secret' });
  });

  it('reads a token from its file, next to the kubeconfig, without the newline at its end', async () => {
    const access = loadClusterAccess({ kubeconfig: writeKubeconfig({ tokenFile: 'token' }) });
    expect((await access.authenticate()).headers).toEqual({ Authorization: 'Bearer from-file' });
  });

  it('reads TLS material from the kubeconfig and from files', async () => {
    const user = { 'client-certificate-data': btoa('cert'), 'client-key-data': btoa('key') };
    const cluster = { 'certificate-authority': 'ca', 'tls-server-name': 'kubernetes' };
    const { tls } = await loadClusterAccess({ kubeconfig: writeKubeconfig(user, cluster) }).authenticate();
    expect(tls).toEqual({
      ca: Buffer.from('the ca'),
      cert: Buffer.from('cert'),
      key: Buffer.from('key'),
      servername: 'kubernetes',
    });
  });

  it('says which context is missing or broken', () => {
    const kubeconfig = writeKubeconfig({});
    expect(() => loadClusterAccess({ kubeconfig, context: 'two' })).toThrow(
      'there is no context "two" in the kubeconfig; it has: one, lost',
    );
    expect(() => loadClusterAccess({ kubeconfig, context: 'lost' })).toThrow('context "lost" names no cluster');
  });

  it('says which file is missing or broken', () => {
    expect(() => loadClusterAccess({ kubeconfig: '/none' })).toThrow('kubeconfig /none does not exist');
    const kubeconfig = writeKubeconfig({});
    writeFileSync(kubeconfig, '{');
    expect(() => loadClusterAccess({ kubeconfig })).toThrow(`kubeconfig ${kubeconfig} cannot be read`);
  });

  it('is in no cluster here', () => {
    expect(() => loadClusterAccess({ inCluster: true })).toThrow('not in a cluster');
  });
});
