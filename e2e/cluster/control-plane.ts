import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiStatus } from './api-request.ts';
import { ensureKubernetes } from './binaries.ts';
import { makeCertificates } from './certificates.ts';
import { apiServerArguments, etcdArguments, type Features } from './component-arguments.ts';
import { startComponent, stopProcess, untilReady, type Component, type RunningComponent } from './component.ts';
import { controlPlanePackages, ensurePackages, findCommand } from './debian-packages.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { freePorts } from './ports.ts';
import { progressToStderr, type Progress } from './progress.ts';

/** How a control plane without a node is started. */
export interface ControlPlaneOptions extends Features {
  /** Names its folder and its context; several of one name can run. */
  readonly name?: string;
  readonly progress?: Progress;
}

/** etcd and a kube-apiserver: the Kubernetes API, without anybody who acts on what is in it. */
export interface ControlPlane extends AsyncDisposable {
  /** The path of a kubeconfig of a cluster administrator. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:<port>`. */
  readonly server: string;
  /** Ends both, and removes all that was written. */
  readonly stop: () => Promise<void>;
  /** Ends the API server alone; what it stored stays. Open watches break as they do when a real one goes. */
  readonly stopApiServer: () => Promise<void>;
  /** Starts it again, at the same address, and waits until it is ready. */
  readonly startApiServer: () => Promise<void>;
}

const host = '127.0.0.1';
const serviceRange = '10.96.0.0/16';
const readyWithinMs = 60_000;
/** An API server waits for its watchers, which don't go by themselves. */
const patienceMs = 2_000;

/**
 * Starts etcd and a kube-apiserver of their own on free ports of 127.0.0.1, with their data in a temporary folder, for
 * tests and measurements. Needs no root once Debian's etcd-server is there. Both end with this process, however it ends.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { name = 'control-plane', progress = progressToStderr } = options;
  await ensurePackages(controlPlanePackages, progress);
  const { apiServer } = await ensureKubernetes(progress);
  const folder = await mkdtemp(join(tmpdir(), `meltemi-${name}-`));
  const pki = join(folder, 'pki');
  await makeCertificates(pki, [
    { name: 'apiserver', commonName: 'kube-apiserver', dnsNames: ['localhost', 'kubernetes.default.svc'], ips: [host] },
    { name: 'admin', commonName: 'admin', organization: 'system:masters' },
  ]);
  const [clientPort = 0, peerPort = 0, port = 0] = await freePorts(3);
  const server = `https://${host}:${port}`;
  const kubeconfig = join(folder, 'kubeconfig');
  await writeKubeconfig(kubeconfig, pki, 'admin', { name, server });
  const etcd = bound(folder, 'etcd', findCommand('etcd') ?? 'etcd', [
    ...etcdArguments({ data: join(folder, 'etcd'), host, clientPort, peerPort }),
  ]);
  const api = bound(folder, 'kube-apiserver', apiServer, [
    ...apiServerArguments({
      etcd: `http://${host}:${clientPort}`,
      bind: host,
      port,
      serviceRange,
      pki,
      features: options,
    }),
  ]);
  return run({ folder, pki, server, kubeconfig, etcd, api });
}

/** A component that the kernel ends together with the thread that started it (prctl(2), PR_SET_PDEATHSIG). */
function bound(folder: string, name: string, command: string, args: readonly string[]): Component {
  const log = join(folder, `${name}.log`);
  const setpriv = findCommand('setpriv');
  if (!setpriv) return { name, command, args, log };
  return { name, command: setpriv, args: ['--pdeathsig', 'KILL', command, ...args], log };
}

interface Parts {
  readonly folder: string;
  readonly pki: string;
  readonly server: string;
  readonly kubeconfig: string;
  readonly etcd: Component;
  readonly api: Component;
}

async function run(parts: Parts): Promise<ControlPlane> {
  const { folder, pki, server, kubeconfig } = parts;
  const etcd: RunningComponent = { component: parts.etcd, process: await startComponent(parts.etcd) };
  let api: RunningComponent | undefined;
  const stopApiServer = async () => {
    if (api) await stopProcess(api.process, patienceMs);
    api = undefined;
  };
  const startApiServer = async () => {
    if (api) return;
    api = { component: parts.api, process: await startComponent(parts.api) };
    const ready = async () => (await apiStatus(server, pki, '/readyz')) === 200;
    await untilReady('kube-apiserver to be ready', [etcd, api], ready, readyWithinMs);
  };
  const stop = async () => {
    await stopApiServer();
    await stopProcess(etcd.process);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await startApiServer();
  } catch (error) {
    await stop();
    throw error;
  }
  return { kubeconfig, server, stop, stopApiServer, startApiServer, [Symbol.asyncDispose]: stop };
}
