import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonValue } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envoyBinary } from '../../e2e/cluster/envoy-binary.ts';
import { runGoldenCase } from '../golden/golden-case.ts';
import { staticBootstrap } from '../golden/static-bootstrap.ts';
import { TestAuthority } from './certificates.ts';
import { outsideGroup, PodPair, proxyGroup } from './pods.ts';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const front = 'spiffe://cluster.local/ns/default/sa/front';
const back = 'spiffe://cluster.local/ns/default/sa/back';
const vip = '10.99.0.10';

function mesh(mode: string): string {
  return `
---
apiVersion: v1
kind: Service
metadata: { name: back, creationTimestamp: '2026-01-01T00:00:00Z' }
spec:
  clusterIP: ${vip}
  clusterIPs: [${vip}]
  selector: { app: back }
  ports:
    - { name: http, port: 80, targetPort: 8080 }
    - { name: http2, port: 81, targetPort: 8081 }
    - { name: tcp, port: 90, targetPort: 9000 }
    - { name: any-http, port: 82, targetPort: 8082 }
    - { name: any-http2, port: 83, targetPort: 8083 }
    - { name: any-tcp, port: 91, targetPort: 9001 }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: back-1, labels: { kubernetes.io/service-name: back } }
addressType: IPv4
ports:
  - { name: http, port: 8080 }
  - { name: http2, port: 8081 }
  - { name: tcp, port: 9000 }
  - { name: any-http, port: 8082 }
  - { name: any-http2, port: 8083 }
  - { name: any-tcp, port: 9001 }
endpoints: [{ addresses: [10.98.0.2] }]
---
apiVersion: v1
kind: Pod
metadata: { name: back-1, labels: { app: back, security.istio.io/tlsMode: istio } }
spec: { serviceAccountName: back }
status: { phase: Running, podIP: 10.98.0.2, podIPs: [{ ip: 10.98.0.2 }] }
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: istio-system }
spec: { mtls: { mode: ${mode} } }
`;
}

/** Reads secrets from files instead of from the agent. */
function withSecrets(value: JsonValue, files: Readonly<Record<string, string>>): JsonValue {
  if (Array.isArray(value)) return value.map((item) => withSecrets(item, files));
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withSecrets(item, files)]));
  if (!('sdsConfig' in value)) return copy;
  const path = typeof value.name === 'string' ? (files[value.name] ?? '') : '';
  return { ...copy, sdsConfig: { pathConfigSource: { path }, resourceApiVersion: 'V3' } };
}

/** Why this machine can't have two pods with a wire between them; undefined when it can. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  try {
    for (const tool of ['ip', 'iptables', 'setpriv', 'openssl']) execFileSync('which', [tool], { stdio: 'pipe' });
    return undefined;
  } catch {
    return 'needs ip, iptables, setpriv and openssl';
  }
}

/** The translation of a mesh, run by two real Envoys as sidecars of a client and a server. */
describe.skipIf(obstacle() !== undefined)('two sidecars', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meltemi-peers-'));
  const pods = new PodPair();
  let envoy: string;
  let authority: TestAuthority;
  let sidecars: readonly ChildProcess[] = [];

  beforeAll(async () => {
    envoy = await envoyBinary();
    authority = new TestAuthority(folder);
    pods.up();
    await pods.start(pods.server.name, 0, /^ready$/, [process.execPath, file('application.ts')]);
  });
  afterAll(async () => {
    await pods.down();
    rmSync(folder, { recursive: true });
  });

  async function sidecar(pod: PodPair['client'], app: string, identity: string, mode: string): Promise<ChildProcess> {
    const head = `proxy: { labels: { app: ${app} }, addresses: [${pod.address}] }`;
    const secrets = { default: authority.issue(app, identity), ROOTCA: authority.rootsFile };
    const bootstrap = withSecrets(staticBootstrap(runGoldenCase(head + mesh(mode))), secrets);
    const path = join(folder, `${app}-bootstrap.json`);
    writeFileSync(path, JSON.stringify(bootstrap));
    const flags = ['--disable-hot-restart', '--concurrency', '1', '--log-level', 'warning'];
    return pods.start(pod.name, proxyGroup, /starting main dispatch loop/, [
      envoy,
      ...['-c', path, ...flags, '--component-log-level', 'main:info'],
    ]);
  }

  async function connectPods(mode: string, identity = front): Promise<void> {
    await Promise.all(sidecars.map((child) => pods.stop(child)));
    sidecars = await Promise.all([
      sidecar(pods.client, 'front', identity, mode),
      sidecar(pods.server, 'back', back, mode),
    ]);
  }

  function probe(group: number, ...addresses: readonly string[]): unknown {
    return JSON.parse(pods.run(pods.client.name, group, [process.execPath, file('probe.ts'), ...addresses]));
  }

  const seenAs = (who: string): unknown => expect.stringContaining(`;URI=${who}`);
  const authenticated = {
    [`http1://${vip}:80`]: seenAs(front),
    [`http2://${vip}:81`]: seenAs(front),
    [`http1://${vip}:82`]: seenAs(front),
    [`http2://${vip}:83`]: seenAs(front),
    [`listen://${vip}:90`]: 'server first',
    [`tcp://${vip}:91`]: 'echo client first',
  };
  const meshAddresses = Object.keys(authenticated);
  const direct = ['http1://10.98.0.2:8080', 'http2://10.98.0.2:8081', 'http1://10.98.0.2:8082', 'tcp://10.98.0.2:9001'];
  const undeclared = 'tcp://10.98.0.2:7000';

  it('carry HTTP/1.1, HTTP/2 and TCP, declared or not, over mutual TLS under STRICT, and refuse plaintext', async () => {
    await connectPods('STRICT');
    expect(probe(0, ...meshAddresses)).toEqual(authenticated);
    const refused = [...direct, undeclared].map((address) => [address, 'refused']);
    expect(probe(outsideGroup, ...direct, undeclared)).toEqual(Object.fromEntries(refused));
  });

  it('take plaintext beside mutual TLS under PERMISSIVE', async () => {
    await connectPods('PERMISSIVE');
    expect(probe(0, ...meshAddresses)).toEqual(authenticated);
    expect(probe(outsideGroup, ...direct, undeclared)).toEqual({
      'http1://10.98.0.2:8080': '200 HTTP/1.1 nobody',
      'http2://10.98.0.2:8081': '200 HTTP/2 nobody',
      'http1://10.98.0.2:8082': '200 HTTP/1.1 nobody',
      'tcp://10.98.0.2:9001': 'echo client first',
      [undeclared]: 'echo client first',
    });
  });

  it('refuse an identity of another trust domain', async () => {
    await connectPods('STRICT', 'spiffe://elsewhere/ns/default/sa/front');
    expect(probe(0, `http1://${vip}:80`, `tcp://${vip}:91`)).toEqual({
      [`http1://${vip}:80`]: expect.stringMatching(/^503 /) as unknown,
      [`tcp://${vip}:91`]: 'refused',
    });
  });
});
