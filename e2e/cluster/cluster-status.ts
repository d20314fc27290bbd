import { apiStatus } from './api-request.ts';
import { ensureKubernetes } from './binaries.ts';
import { componentNames, serverOf } from './cluster-components.ts';
import { readState, type ClusterState } from './cluster-state.ts';
import { tryRun } from './command.ts';
import { isAlive } from './component.ts';
import { layoutOf } from './layout.ts';
import { nodeName } from './node-config.ts';
import type { Progress } from './progress.ts';

/** How a cluster is. */
export interface ClusterStatus {
  readonly name: string;
  /** `up`: all components run and the API answers; `impaired`: `up` would repair it; `down`: there is none. */
  readonly state: 'up' | 'impaired' | 'down';
  readonly kubeconfig?: string;
  readonly addresses?: string;
  readonly readySince?: string;
  readonly components?: readonly { readonly name: string; readonly pid: number; readonly alive: boolean }[];
  readonly pods?: { readonly all: number; readonly running: number };
  readonly images?: readonly string[];
}

/** Looks at the cluster of a name; changes nothing. */
export async function statusOf(name: string, progress: Progress): Promise<ClusterStatus> {
  const layout = layoutOf(name);
  const state = await readState(layout.stateFile);
  if (!state?.node || !(await isAlive(state.node.first))) return { name, state: 'down' };
  const components = await componentsOf(state);
  const answers = (await apiStatus(serverOf(state.plan.nodeAddress), layout.pki, '/readyz')) === 200;
  const well = answers && state.readySince !== undefined && components.every(({ alive }) => alive);
  return {
    name,
    state: well ? 'up' : 'impaired',
    kubeconfig: layout.kubeconfig,
    addresses: state.plan.range,
    ...(state.readySince && { readySince: state.readySince }),
    components,
    images: Object.keys(state.images),
    ...(answers && { pods: await countPods(layout.kubeconfig, progress) }),
  };
}

async function componentsOf(state: ClusterState): Promise<NonNullable<ClusterStatus['components']>> {
  return Promise.all(
    componentNames.map(async (name) => {
      const process = state.components[name];
      return { name, pid: process?.pid ?? 0, alive: process !== undefined && (await isAlive(process)) };
    }),
  );
}

async function countPods(kubeconfig: string, progress: Progress): Promise<{ all: number; running: number }> {
  const { kubectl } = await ensureKubernetes(progress);
  const args = ['--kubeconfig', kubeconfig, 'get', 'pods', '--all-namespaces', '--output'];
  const phases = (await tryRun(kubectl, [...args, 'jsonpath={.items[*].status.phase}'])).stdout
    .split(' ')
    .filter(Boolean);
  return { all: phases.length, running: phases.filter((phase) => phase === 'Running').length };
}

/** The status for people: a line for the cluster and one for each component. */
export function renderStatus(status: ClusterStatus): string {
  const lines = [`cluster ${status.name} is ${status.state}`];
  if (status.kubeconfig) lines.push(`  kubeconfig  ${status.kubeconfig}`);
  if (status.addresses) lines.push(`  addresses   ${status.addresses}`);
  if (status.pods) lines.push(`  pods        ${status.pods.running} of ${status.pods.all} running on ${nodeName}`);
  if (status.images && status.images.length > 0) lines.push(`  images      ${status.images.join(', ')}`);
  for (const { name, pid, alive } of status.components ?? []) {
    lines.push(`  ${name.padEnd(25)} ${alive ? `runs (${pid})` : 'has died; "up" starts it again'}`);
  }
  return `${lines.join('\n')}\n`;
}
