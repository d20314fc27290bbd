import { annotations } from '../../inject/names.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { LabelSelector } from '../../lib/kube/object.ts';
import { formatKey } from '../../lib/kube/object.ts';
import { podOwner } from '../../lib/kube/pod-owner.ts';
import { pods } from '../../lib/kube/resources.ts';
import type { Pod } from '../../lib/kube/types.ts';
import { ports } from '../../lib/ports.ts';
import { sidecar } from '../../lib/sidecar.ts';
import { podProblem } from '../reconcile/pod-problem.ts';
import type { EnvoyCounters } from './envoy-counters.ts';
import { countersPath, parseEnvoyCounters, sumOf } from './envoy-counters.ts';
import type { FetchPage } from './fetch-page.ts';
import { inParallel } from './fetch-page.ts';
import type { MeasureRequest } from './input.ts';
import type { CrashLoop, Readings, Rejections, WorkloadTraffic } from './readings.ts';
import { addTraffic, noTraffic } from './readings.ts';
import type { WorkloadRef } from './workload.ts';
import { placeOf } from './workload.ts';

export interface MeasureContext {
  readonly client: KubeClient;
  readonly fetchPage: FetchPage;
  readonly now: () => Date;
  /** The pods of the new istiod that run. */
  readonly istiodPods: (revision: string) => readonly Pod[];
  /** What the new istiod's replicas report; undefined when none of them does. */
  readonly proxies: (revision: string) => Readings['proxies'];
  /** What selects a workload's pods; undefined when it is gone. */
  readonly selectorOf: (workload: WorkloadRef) => LabelSelector | undefined;
}

/** Pods of a workload that are asked, at most; the others are much like them. */
const maxPodsAsked = 5;
const listsAtOnce = 4;
const pagesAtOnce = 8;
/** The kubelet's words for containers that do not come to run. */
const crashReasons: readonly string[] = [
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
];

/** Takes all readings that are asked for. What cannot be had is left out or undefined; never rejects for it. */
export async function measure(context: MeasureContext, request: MeasureRequest): Promise<Readings> {
  const { revision } = request;
  const time = context.now();
  const found = await podsOf(context, [...request.workloads, ...request.moved]);
  const measured = new Set(request.workloads.map(placeOf));
  const asked = await askSidecars(
    context,
    [...found].filter(([place]) => measured.has(place)),
  );
  const isComplete = found.size > 0 || request.moved.length === 0;
  return {
    time,
    revision,
    proxies: context.proxies(revision),
    rejections: await rejectionsOf(context, revision, asked),
    crashLoops: isComplete ? crashLoopsOf(found, revision) : undefined,
    traffic: trafficOf(asked, revision),
  };
}

type PodsByPlace = ReadonlyMap<string, readonly Pod[]>;

/** The pods of workloads, each listed by its own selector: never all pods of a cluster. */
async function podsOf(context: MeasureContext, workloads: readonly WorkloadRef[]): Promise<PodsByPlace> {
  const distinct = [...new Map(workloads.map((workload) => [placeOf(workload), workload])).values()];
  const lists = await inParallel(distinct, listsAtOnce, async (workload) => {
    const items = await listPods(context, workload);
    return items === undefined ? [] : [[placeOf(workload), items] as const];
  });
  return new Map(lists.flat());
}

async function listPods(
  { client, selectorOf }: MeasureContext,
  workload: WorkloadRef,
): Promise<readonly Pod[] | undefined> {
  const selector = selectorOf(workload);
  if (selector === undefined) return undefined;
  const labelSelector = [...termsOf(selector), sidecar.tlsModeLabel].join(',');
  const { namespace } = workload;
  try {
    const { items } = await client.list(pods, { namespace, labelSelector, transform: prune, timeoutMs: 10_000 });
    return items.filter((pod) => isOf(workload, pod)).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  } catch {
    return undefined;
  }
}

/** Selectors of workloads may overlap; who made a pod is certain. */
function isOf({ kind, name }: WorkloadRef, { metadata }: Pod): boolean {
  const owner = podOwner(metadata);
  return owner?.kind === kind && owner.name === name && metadata.deletionTimestamp === undefined;
}

function prune({ metadata, status }: Pod): Pod {
  return { metadata, ...(status === undefined ? {} : { status }) };
}

/** As kubectl writes it (Kubernetes, "Labels and Selectors"). */
function termsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): readonly string[] {
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'In':
        return `${key} in (${values.join(',')})`;
      case 'NotIn':
        return `${key} notin (${values.join(',')})`;
      case 'Exists':
        return key;
      case 'DoesNotExist':
        return `!${key}`;
    }
  });
  return [...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`), ...expressions];
}

interface Answer {
  readonly place: string;
  readonly pod: Pod;
  /** Undefined when it did not answer. */
  readonly counters: EnvoyCounters | undefined;
}

async function askSidecars(
  { fetchPage }: MeasureContext,
  found: readonly (readonly [string, readonly Pod[]])[],
): Promise<readonly Answer[]> {
  const chosen = found.flatMap(([place, all]) => {
    const running = all.filter(({ status }) => status?.phase === 'Running' && status.podIP !== undefined);
    return spread(running).map((pod) => ({ place, pod }));
  });
  return inParallel(chosen, pagesAtOnce, async ({ place, pod }) => {
    const page = await fetchPage(pod.status?.podIP ?? '', ports.envoyPrometheus, countersPath);
    return { place, pod, counters: page === undefined ? undefined : parseEnvoyCounters(page) };
  });
}

/** Some of each revision, as both are there while a workload is being moved. */
function spread(running: readonly Pod[]): readonly Pod[] {
  const byRevision = Map.groupBy(running, revisionOf);
  return [...byRevision.values()].flatMap((group) => group.slice(0, maxPodsAsked));
}

function revisionOf({ metadata }: Pod): string | undefined {
  return metadata.annotations?.[annotations.revision];
}

function trafficOf(asked: readonly Answer[], revision: string): ReadonlyMap<string, WorkloadTraffic> {
  const result = new Map<string, WorkloadTraffic>();
  for (const { place, pod, counters } of asked) {
    const known = result.get(place) ?? { moved: noTraffic, notMoved: noTraffic, unreachable: 0 };
    if (counters === undefined) {
      result.set(place, { ...known, unreachable: known.unreachable + 1 });
      continue;
    }
    const side = revisionOf(pod) === revision ? 'moved' : 'notMoved';
    result.set(place, { ...known, [side]: addTraffic(known[side], counters) });
  }
  return result;
}

async function rejectionsOf(
  { fetchPage, istiodPods }: MeasureContext,
  revision: string,
  asked: readonly Answer[],
): Promise<Rejections | undefined> {
  const replicas = istiodPods(revision).flatMap(({ status }) => status?.podIP ?? []);
  const pages = await inParallel(replicas, pagesAtOnce, (address) =>
    fetchPage(address, ports.istiodMonitoring, '/metrics'),
  );
  const known = pages.filter((page) => page !== undefined);
  const ofRevision = asked.filter(({ pod }) => revisionOf(pod) === revision);
  if (known.length === 0 && ofRevision.every(({ counters }) => counters === undefined)) return undefined;
  return {
    total: known.reduce((sum, page) => sum + sumOf(page, 'pilot_total_xds_rejects'), 0),
    pods: ofRevision
      .filter(({ counters }) => (counters?.rejections ?? 0) > 0)
      .map(({ pod }) => formatKey(pod.metadata.namespace, pod.metadata.name)),
  };
}

function crashLoopsOf(found: PodsByPlace, revision: string): readonly CrashLoop[] {
  return [...found].flatMap(([place, all]) =>
    all
      .filter(({ metadata }) => metadata.annotations?.[annotations.givenRevision] === revision)
      .flatMap((pod) => {
        const problem = podProblem(pod);
        if (problem === undefined || !crashReasons.includes(problem.reason)) return [];
        return [{ place, message: `${pod.metadata.namespace ?? ''}: ${problem.message}` }];
      }),
  );
}
