import type { ContainerState, ContainerStatus, Pod } from '../../lib/kube/types.ts';

/** What keeps a pod from being ready, in its own words. */
export interface PodProblem {
  readonly pod: string;
  /** The kubelet's or scheduler's reason, e.g. `ImagePullBackOff`. */
  readonly reason: string;
  /** `pod istiod-abc: container discovery: ImagePullBackOff: Back-off pulling image …`. */
  readonly message: string;
  /** True when waiting alone will hardly help; false for a pod that is just starting. */
  readonly failing: boolean;
}

/** Reasons of a container that waits for nothing but its turn. */
const startingReasons: readonly string[] = ['ContainerCreating', 'PodInitializing'];

/** Undefined for a pod that is ready. */
export function podProblem(pod: Pod): PodProblem | undefined {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return undefined;
  return unscheduled(pod) ?? failed(pod) ?? containerProblem(pod) ?? notReady(pod);
}

/** The worst first: what fails before what starts, then by name. */
export function podProblems(pods: readonly Pod[]): readonly PodProblem[] {
  return pods
    .map(podProblem)
    .filter((problem) => problem !== undefined)
    .sort((a, b) => Number(b.failing) - Number(a.failing) || (a.pod < b.pod ? -1 : 1));
}

function problem(pod: Pod, where: string, reason: string, message: string | undefined, failing: boolean): PodProblem {
  const words = [`pod ${pod.metadata.name}`, where, reason, message?.trim() ?? ''].filter((part) => part !== '');
  return { pod: pod.metadata.name, reason, message: words.join(': '), failing };
}

function unscheduled(pod: Pod): PodProblem | undefined {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  return problem(pod, '', scheduled.reason ?? 'Unschedulable', scheduled.message, true);
}

/** Evicted, for one. */
function failed(pod: Pod): PodProblem | undefined {
  if (pod.status?.phase !== 'Failed') return undefined;
  return problem(pod, '', pod.status.reason ?? 'Failed', pod.status.message, true);
}

function containerProblem(pod: Pod): PodProblem | undefined {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const problems = statuses.map((status) => problemOf(pod, status)).filter((found) => found !== undefined);
  return problems.find(({ failing }) => failing) ?? problems[0];
}

function problemOf(pod: Pod, status: ContainerStatus): PodProblem | undefined {
  if (status.ready) return undefined;
  const where = `container ${status.name}`;
  const { waiting, terminated } = status.state ?? {};
  if (waiting !== undefined) {
    const reason = waiting.reason ?? 'Waiting';
    const words = [waiting.message, lastWords(status.lastState)].filter((part) => part !== undefined).join('; ');
    return problem(pod, where, reason, words, !startingReasons.includes(reason));
  }
  if (terminated !== undefined) {
    return problem(pod, where, terminated.reason ?? 'Terminated', exitWords(terminated), terminated.exitCode !== 0);
  }
  if (status.restartCount > 0) {
    return problem(pod, where, 'Restarted', lastWords(status.lastState), true);
  }
  return undefined;
}

function lastWords(state: ContainerState | undefined): string | undefined {
  return state?.terminated === undefined ? undefined : `before that it ended with ${exitWords(state.terminated)}`;
}

function exitWords(terminated: NonNullable<ContainerState['terminated']>): string {
  const message = terminated.message?.trim() ?? '';
  const reason = terminated.reason === undefined ? '' : ` (${terminated.reason})`;
  return `exit code ${String(terminated.exitCode)}${reason}${message === '' ? '' : `: ${message}`}`;
}

function notReady(pod: Pod): PodProblem {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  const containersReady = pod.status?.conditions?.find(({ type }) => type === 'ContainersReady');
  const message = ready?.message ?? containersReady?.message;
  return problem(pod, '', ready?.reason ?? 'NotReady', message, false);
}
