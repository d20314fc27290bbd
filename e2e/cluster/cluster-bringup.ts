import { existsSync } from 'node:fs';
import { apiStatus } from './api-request.ts';
import { ensureKubectl } from './binaries.ts';
import { makeCgroups } from './cgroups.ts';
import { componentNames, serverOf, type ComponentName } from './cluster-components.ts';
import { writeClusterFiles } from './cluster-files.ts';
import type { ClusterRunner } from './cluster-runner.ts';
import { run, tryRun } from './command.ts';
import type { BuiltImage } from './image-build.ts';
import { importArchive } from './image-load.ts';
import { dnsObjects, dnsReadyPort, nodeName } from './node-config.ts';
import { furnishNode, startNode } from './node.ts';
import { isListening } from './ports.ts';
import { reported, type Progress } from './progress.ts';

const readyWithinMs = 90_000;

/** What a cluster is made of that was built before. */
export interface ClusterParts {
  /** The path of the pause program. */
  readonly pause: string;
  readonly pauseImage: BuiltImage;
}

/** Makes a cluster out of its plan. */
export async function bringUp(runner: ClusterRunner, parts: ClusterParts, progress: Progress): Promise<void> {
  const { layout } = runner;
  progress(`cluster ${layout.name}: starting, in ${runner.state.plan.range}`);
  await makeCgroups(layout.name);
  const node = await startNode(layout, parts.pause);
  await runner.update({ node });
  await furnishNode(layout, runner.state.plan, node);
  await writeClusterFiles(layout, runner.state);
  await runner.start(['etcd', 'containerd', 'kube-apiserver']);
  await untilContainerdReady(runner);
  await importArchive(layout, parts.pauseImage.archive, parts.pauseImage.reference, progress);
  await reported(progress, 'kube-apiserver: starting', () => untilApiReady(runner));
  await runner.start(['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy']);
  const kubectl = await ensureKubectl(progress);
  await run(kubectl, ['--kubeconfig', layout.kubeconfig, 'apply', '--filename', '-'], {
    input: JSON.stringify(dnsObjects(runner.state.plan)),
  });
  await runner.start(['coredns']);
  await reported(progress, `${nodeName}: getting ready`, () => untilPodsCanRun(runner, kubectl));
  await runner.update({ readySince: new Date().toISOString() });
}

/** Starts again what has died of a cluster, and waits until all is well. Gives what it has started. */
export async function repair(runner: ClusterRunner, progress: Progress): Promise<readonly ComponentName[]> {
  const dead = await runner.dead(componentNames);
  for (const name of dead) progress(`cluster ${runner.layout.name}: ${name} has died; starting it again`);
  await runner.start(dead);
  await untilContainerdReady(runner);
  await reported(progress, 'kube-apiserver: waiting for it', () => untilApiReady(runner));
  const kubectl = await ensureKubectl(progress);
  await reported(progress, `${nodeName}: getting ready`, () => untilPodsCanRun(runner, kubectl));
  return dead;
}

async function untilContainerdReady(runner: ClusterRunner): Promise<void> {
  const { socket } = runner.layout.containerd;
  const answers = async () => existsSync(socket) && (await tryRun('ctr', ['--address', socket, 'version'])).code === 0;
  await runner.untilReady('containerd to answer', answers, readyWithinMs);
}

async function untilApiReady(runner: ClusterRunner): Promise<void> {
  const server = serverOf(runner.state.plan.nodeAddress);
  const ready = async () => (await apiStatus(server, runner.layout.pki, '/readyz')) === 200;
  await runner.untilReady('kube-apiserver to be ready', ready, readyWithinMs);
}

/** The node is Ready, pods get their service account, and names are answered. */
async function untilPodsCanRun(runner: ClusterRunner, kubectl: string): Promise<void> {
  const { layout, state } = runner;
  const server = serverOf(state.plan.nodeAddress);
  const condition = '{.status.conditions[?(@.type=="Ready")].status}';
  const nodeReady = async () => {
    const args = ['--kubeconfig', layout.kubeconfig, 'get', 'node', nodeName, '--output', `jsonpath=${condition}`];
    return (await tryRun(kubectl, args)).stdout === 'True';
  };
  await runner.untilReady(`${nodeName} to be Ready`, nodeReady, readyWithinMs);
  const accountMade = async () =>
    (await apiStatus(server, layout.pki, '/api/v1/namespaces/default/serviceaccounts/default')) === 200;
  await runner.untilReady('the default service account to be made', accountMade, readyWithinMs);
  const dnsReady = () => isListening(dnsReadyPort, state.plan.nodeAddress);
  await runner.untilReady('coredns to listen', dnsReady, readyWithinMs);
}
