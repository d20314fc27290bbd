import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AddressPlan } from './address-plan.ts';
import { run, tryRun } from './command.ts';
import { identify, isAlive, startComponent, untilReady, type Component, type ProcessIdentity } from './component.ts';
import type { ClusterLayout } from './layout.ts';
import { until } from './ports.ts';

/**
 * A node: namespaces of its own for processes, network, mounts and IPC, held by their first process. What runs in them
 * can use any port, write any firewall rule and mount anything without anybody outside noticing, and all of it goes when
 * the first process goes: the kernel ends every process of a PID namespace with its first one (pid_namespaces(7)), and
 * network and mounts with their last user.
 */
export interface Node {
  /** unshare(1), which waits for the first process. */
  readonly launcher: ProcessIdentity;
  /** The first process, by its id outside. */
  readonly first: ProcessIdentity;
}

/** The name of the link to the node at this machine's end. Names have at most 15 characters, and clusters' more. */
export function linkNameOf(clusterName: string): string {
  return `mlt${createHash('sha256').update(clusterName).digest('hex').slice(0, 10)}`;
}

/** The command line that runs something in the node. */
export function inNode(node: ProcessIdentity, command: string, args: readonly string[]): readonly [string, string[]] {
  return ['nsenter', ['--target', String(node.pid), '--pid', '--net', '--mount', '--ipc', '--', command, ...args]];
}

/** A component that runs in the node. */
export function nodeComponent(
  layout: ClusterLayout,
  node: ProcessIdentity,
  component: Omit<Component, 'log'>,
): Component {
  const [command, args] = inNode(node, component.command, component.args);
  return { ...component, command, args, log: join(layout.logs, `${component.name}.log`) };
}

/** Starts the first process of a node, in namespaces that hold nothing yet. */
export async function startNode(layout: ClusterLayout, pause: string): Promise<Node> {
  const component: Component = {
    name: 'node',
    command: 'unshare',
    args: ['--fork', '--kill-child', '--pid', '--mount-proc', '--mount', '--net', '--ipc', '--', pause],
    log: join(layout.logs, 'node.log'),
  };
  const launcher = await startComponent(component);
  let first: ProcessIdentity | undefined;
  await untilReady(
    'the node to start',
    [{ component, process: launcher }],
    async () => {
      first = await firstProcess(launcher.pid);
      return first !== undefined;
    },
    10_000,
  );
  if (!first) throw new Error('the node has no first process');
  return { launcher, first };
}

/** Gives a node its mounts and its link to this machine. */
export async function furnishNode(layout: ClusterLayout, plan: AddressPlan, { first }: Node): Promise<void> {
  for (const folder of Object.values(layout.nodeVar)) await mkdir(folder, { recursive: true });
  await run(...inNode(first, 'sh', ['-ec', mountScript(layout)]));
  await connect(layout.name, plan, first);
}

/** The child that unshare has made, once it has become the pause program. */
async function firstProcess(launcher: number): Promise<ProcessIdentity | undefined> {
  const [pid] = await childrenOf(launcher);
  if (pid === undefined) return undefined;
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  return name.trim() === 'pause' ? identify(pid) : undefined;
}

/** The processes that a process has started and that still run. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** Gives the node its own places for all that kubelet, containerd, CNI and iptables keep at fixed paths. */
export function mountScript({ nodeVar }: ClusterLayout): string {
  return [
    // Pods may ask for mounts that propagate; what the node does is hidden from this machine already.
    'mount --make-rshared /',
    'mount -t tmpfs -o mode=755 tmpfs /run',
    'mkdir -p /run/lock',
    'mount -t tmpfs -o mode=755 tmpfs /var/lib',
    `mkdir /var/lib/kubelet /var/lib/cni`,
    `mount --bind ${quoted(nodeVar.kubelet)} /var/lib/kubelet`,
    `mount --bind ${quoted(nodeVar.cni)} /var/lib/cni`,
    `mount --bind ${quoted(nodeVar.log)} /var/log`,
    ...claimProcessors,
  ].join('\n');
}

const claimedProcessors = 32;

/**
 * Requests are written for machines larger than the one on which this runs, and forty sidecars would not fit a small
 * machine's processors by their requests, although they do by their use. So the node claims more: the kubelet counts
 * these folders. What else reads them finds the machine's own lists of processors.
 */
const claimProcessors: readonly string[] = [
  'mkdir /run/processors && cd /sys/devices/system/cpu && cp online possible present /run/processors/ && cd /',
  'mount -t tmpfs -o mode=755 tmpfs /sys/devices/system/cpu',
  `mkdir $(seq -f /sys/devices/system/cpu/cpu%.0f 0 ${claimedProcessors - 1})`,
  'cp /run/processors/* /sys/devices/system/cpu/ && rm -r /run/processors',
  'if [ -d /sys/devices/system/node ]; then mount -t tmpfs -o mode=755 tmpfs /sys/devices/system/node; fi',
];

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

async function connect(clusterName: string, plan: AddressPlan, node: ProcessIdentity): Promise<void> {
  const link = linkNameOf(clusterName);
  const bits = plan.linkBits;
  await run('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(node.pid)]);
  await run('ip', ['address', 'add', `${plan.hostAddress}/${bits}`, 'dev', link]);
  await run('ip', ['link', 'set', link, 'up']);
  const script = [
    'ip link set lo up',
    `ip address add ${plan.nodeAddress}/${bits} dev eth0`,
    'ip link set eth0 up',
    `ip route add default via ${plan.hostAddress}`,
    'echo 1 >/proc/sys/net/ipv4/ip_forward',
  ];
  await run(...inNode(node, 'sh', ['-ec', script.join('\n')]));
  await run('ip', ['route', 'add', plan.range, 'via', plan.nodeAddress, 'dev', link]);
}

/** Ends the node and waits until nothing of it is left: no process, no link. */
export async function stopNode(clusterName: string, node: Node): Promise<void> {
  if (await isAlive(node.first)) process.kill(node.first.pid, 'SIGKILL');
  const ended = async () => !(await isAlive(node.first)) && !(await isAlive(node.launcher));
  await until('the processes of the node to end', ended, 30_000, 20);
  const link = linkNameOf(clusterName);
  const linkGone = async () => (await tryRun('ip', ['link', 'show', link])).code !== 0;
  await until(`link ${link} to go`, linkGone, 3_000, 50).catch(() => tryRun('ip', ['link', 'delete', link]));
}
