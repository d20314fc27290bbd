import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlPlane } from '../../e2e/cluster/control-plane.ts';
import { startControlPlane } from '../../e2e/cluster/control-plane.ts';
import { eventually } from '../../e2e/eventually.ts';
import { loadKubeClient } from '../../lib/kube/client.ts';
import type { IstiodProcess } from '../istiod-process.testing.ts';
import { startIstiod } from '../istiod-process.testing.ts';
import { MeshObjects } from './mesh-objects.testing.ts';
import { SeverableLink } from './severable-link.testing.ts';
import type { SidecarEnvoy } from './sidecar-envoy.testing.ts';
import { startSidecarEnvoy, statistics } from './sidecar-envoy.testing.ts';
import { Traffic } from './traffic.testing.ts';

/** Sidecars trust each other's plaintext, and hosts that nobody knows are answered with 502. */
const meshConfig =
  'meshConfig: {enableAutoMtls: false, mtls: {mode: DISABLE}, outboundTrafficPolicy: {mode: REGISTRY_ONLY}}';
const quick = { everyMs: 20 };

/** A Kubernetes API, a mesh in it, one replica of istiod at a time, and sidecars. */
export class MeshUnderLoad {
  readonly objects: MeshObjects;
  readonly #folder: string;
  readonly #cluster: ControlPlane;
  readonly #cleanups: (() => Promise<unknown>)[] = [];
  #istiod: IstiodProcess | undefined;

  private constructor(folder: string, cluster: ControlPlane, objects: MeshObjects) {
    this.#folder = folder;
    this.#cluster = cluster;
    this.objects = objects;
  }

  static async start(): Promise<MeshUnderLoad> {
    const folder = await mkdtemp(join(tmpdir(), 'meltemi-vh-'));
    const cluster = await startControlPlane({ name: 'virtual-hosts' });
    const client = loadKubeClient({ kubeconfig: cluster.kubeconfig });
    const mesh = new MeshUnderLoad(folder, cluster, new MeshObjects(client));
    mesh.#cleanups.push(
      () => rm(folder, { recursive: true, force: true }),
      () => cluster.stop(),
      () => client.close(),
      () => mesh.stopIstiod(),
    );
    await writeFile(join(folder, 'mesh.yaml'), meshConfig);
    await mesh.objects.prepare();
    return mesh;
  }

  async stop(): Promise<void> {
    for (const clean of this.#cleanups.splice(0).reverse()) await clean();
  }

  /** Starts a replica, of which the sidecars hear nothing until their links lead to it. The former goes on. */
  async startIstiod(): Promise<IstiodProcess> {
    const started = await startIstiod(this.#cluster.kubeconfig, ['--config', join(this.#folder, 'mesh.yaml')]);
    this.#istiod = started;
    const ready = async (): Promise<true | undefined> => ((await started.ready()).status === 200 ? true : undefined);
    await eventually('istiod to be ready', ready, { everyMs: 50 }).catch((cause: unknown) => {
      throw new Error(`istiod is not ready; it said: ${started.output()}`, { cause });
    });
    return started;
  }

  async stopIstiod(): Promise<void> {
    await this.#istiod?.stop();
  }

  /** A sidecar of the replica that was started last. */
  async startSidecar(pod: string, protocol: 'delta' | 'sotw'): Promise<Sidecar> {
    if (this.#istiod === undefined) throw new Error('no istiod has been started');
    const folder = join(this.#folder, pod);
    await mkdir(folder);
    const link = new SeverableLink(join(folder, 'xds'), this.#istiod.ports.plaintext);
    await link.mend();
    const envoy = await startSidecarEnvoy({ folder, pod, namespace: 'shop', protocol });
    const { names } = this.objects;
    const traffic = new Traffic({ socket: envoy.outbound, port: 80, keepAlive: true, names });
    const later = new Traffic({ socket: envoy.outbound, port: 9090, keepAlive: false, names });
    this.#cleanups.push(
      () => link.cut(),
      () => envoy.stop(),
      () => later.stop(),
      () => traffic.stop(),
    );
    return { link, envoy, traffic, later };
  }
}

/** One Envoy, its way to istiod, and its application's requests. */
export interface Sidecar {
  readonly link: SeverableLink;
  readonly envoy: SidecarEnvoy;
  /** Requests on port 80. */
  readonly traffic: Traffic;
  /** Requests on port 9090. */
  readonly later: Traffic;
}

/** Takes the control plane away from a sidecar, until its link is mended. */
export async function disconnect({ link, envoy }: Sidecar): Promise<void> {
  await link.cut();
  const alone = async (): Promise<true | undefined> => ((await isConnected(envoy)) ? undefined : true);
  await eventually('Envoy to notice that it is alone', alone, quick);
}

export async function isConnected(envoy: SidecarEnvoy): Promise<boolean> {
  const name = 'control_plane.connected_state';
  return (await statistics(envoy, new RegExp(`^${name}$`))).get(name) === 1;
}
