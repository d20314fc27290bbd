import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { startControlPlane } from '../../e2e/cluster/control-plane.ts';
import type { ControlPlane } from '../../e2e/cluster/control-plane.ts';

/** A real etcd and kube-apiserver, with a network in between that can be cut. For integration tests only. */
export interface TestControlPlane extends AsyncDisposable {
  /** Straight to the API server. */
  readonly kubeconfig: string;
  /** By way of the network that `cut` and `mend` are about. */
  readonly proxiedKubeconfig: string;
  readonly network: Network;
  /** SIGKILL, then a new API server on the same address over the same data. */
  killAndRestart(): Promise<void>;
  /** Forgets everything older than now, in etcd and in the API server's own cache. */
  compact(): Promise<void>;
}

export interface Network {
  /** Connections made so far. */
  readonly connections: number;
  /** Breaks every connection and refuses new ones. */
  cut(): void;
  mend(): void;
  close(): void;
}

export async function startTestControlPlane(name: string): Promise<TestControlPlane> {
  const controlPlane = await startControlPlane({ name });
  const { hostname, port } = new URL(controlPlane.server);
  const network = await startNetwork(hostname, Number(port));
  const folder = mkdtempSync(join(tmpdir(), 'meltemi-kube-'));
  const proxiedKubeconfig = join(folder, 'kubeconfig');
  const text = readFileSync(controlPlane.kubeconfig, 'utf8');
  writeFileSync(proxiedKubeconfig, text.replaceAll(controlPlane.server, `https://${hostname}:${network.port}`));
  const restart = async (): Promise<void> => {
    process.kill(apiServerPid(port), 'SIGKILL');
    await controlPlane.stopApiServer();
    await controlPlane.startApiServer();
  };
  return {
    kubeconfig: controlPlane.kubeconfig,
    proxiedKubeconfig,
    network,
    killAndRestart: restart,
    compact: () => compact(controlPlane, port, restart),
    [Symbol.asyncDispose]: async () => {
      network.close();
      await controlPlane.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startNetwork(host: string, port: number): Promise<Network & { readonly port: number }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    connections++;
    const far = connect(port, host);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const destroyAll = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    cut: () => {
      isCut = true;
      destroyAll();
    },
    mend: () => {
      isCut = false;
    },
    close: () => {
      server.close();
      destroyAll();
    },
  };
}

/** etcd's own gateway for JSON; the API server starts with an empty cache, so it knows no older version either. */
async function compact(controlPlane: ControlPlane, port: string, restart: () => Promise<void>): Promise<void> {
  const argument = readFileSync(`/proc/${apiServerPid(port)}/cmdline`, 'utf8')
    .split('\0')
    .find((text) => text.startsWith('--etcd-servers='));
  if (argument === undefined) throw new Error(`the API server at ${controlPlane.server} names no etcd`);
  const etcd = argument.slice('--etcd-servers='.length);
  const range = await post(`${etcd}/v3/kv/range`, { key: Buffer.from('/').toString('base64') });
  await post(`${etcd}/v3/kv/compaction`, { revision: range.header.revision, physical: true });
  await restart();
}

async function post(url: string, body: object): Promise<{ readonly header: { readonly revision: string } }> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}: ${await response.text()}`);
  return (await response.json()) as { readonly header: { readonly revision: string } };
}

function apiServerPid(port: string): number {
  const listener = execFileSync('ss', ['-Hltnp', `sport = :${port}`], { encoding: 'utf8' });
  const pid = /pid=(\d+)/.exec(listener)?.[1];
  if (pid === undefined) throw new Error(`nothing listens on port ${port}`);
  return Number(pid);
}
