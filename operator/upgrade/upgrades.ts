import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import { revisionName } from '../../crds/mesh-control-plane.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import type { Logger } from '../../lib/logger.ts';
import { annotationKeys, labelKeys } from '../names.ts';
import type { FreshObjects } from '../reconcile/fresh-objects.ts';
import type { Stores, UpgradeObservations } from '../reconcile/world.ts';
import { nameAskedByNamespace, nameAskedByPod, revisionOfPod } from '../revisions/usage.ts';
import { applyMove } from './apply-moves.ts';
import type { FetchPage } from './fetch-page.ts';
import { fetchPage } from './fetch-page.ts';
import type { Move, UpgradeDecision } from './input.ts';
import { measure } from './measure.ts';
import { MeasuringLoop } from './measuring-loop.ts';
import { observeWorkloads } from './observed-workloads.ts';
import type { Readings } from './readings.ts';
import { WorkloadFollower } from './workload-follower.ts';
import { labelOf, placeOf } from './workload.ts';

export interface UpgradesOptions {
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly fresh: FreshObjects;
  readonly now: () => Date;
  /** What keeps an upgrade of a control plane from beginning; nothing by default. */
  readonly objections?: (controlPlane: string) => readonly string[];
  readonly logger: Logger;
  readonly fetchPage?: FetchPage;
}

/** How long a workload whose annotation belongs to somebody else is left alone, milliseconds. */
const refusalMs = 300_000;

/**
 * What upgrades read and write beside the objects of the control planes: workloads, their budgets, and what sidecars
 * count. All of it only while an upgrade is under way, for one term of leadership.
 */
export class Upgrades {
  readonly #options: UpgradesOptions;
  readonly #follower: WorkloadFollower;
  readonly #loop: MeasuringLoop;
  readonly #listeners = new Set<(controlPlane: string) => void>();
  /** Control planes whose upgrade needs the workloads. */
  readonly #underWay = new Set<string>();
  readonly #refusals = new Map<string, { readonly message: string; readonly until: number }>();

  constructor(options: UpgradesOptions) {
    this.#options = options;
    const { client, logger, fresh } = options;
    const onChange = (): void => [...this.#underWay].forEach((name) => this.#tell(name));
    this.#follower = new WorkloadFollower({ client, logger: logger.child('informer'), fresh, onChange });
    this.#loop = new MeasuringLoop({
      logger,
      onReadings: (name) => this.#tell(name),
      measure: (request) => measure(this.#measureContext(), request),
    });
  }

  /** Has `listener` called with the name of each control plane whose upgrade has something new to decide on. */
  onChange(listener: (controlPlane: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(controlPlane: string): void {
    const found = this.#options.stores.controlPlanes.get(undefined, controlPlane);
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) {
      this.#forget(controlPlane);
      return;
    }
    for (const listener of this.#listeners) listener(controlPlane);
  }

  /** Nobody decides about a control plane any more that is being deleted. */
  #forget(controlPlane: string): void {
    this.carryOut(controlPlane, { moves: [], measure: undefined, needsWorkloads: false }).catch((error: unknown) =>
      this.#options.logger.error('cannot end what an upgrade follows', { controlPlane, error }),
    );
  }

  /** Ends all that is followed and measured. */
  async stop(): Promise<void> {
    this.#loop.stop();
    await this.#follower.stop();
  }

  /** What is known for the next decision about a control plane. */
  observe(name: string): UpgradeObservations {
    const { stores } = this.#options;
    const controlPlane = stores.controlPlanes.get(undefined, name);
    const objects = this.#follower.objects();
    const readings = this.#loop.latest(name);
    const preflight = this.#options.objections?.(name) ?? [];
    if (controlPlane === undefined || objects === undefined) {
      return { workloads: undefined, unmovable: [], preflight, readings };
    }
    const { workloads, unmovable } = observeWorkloads({
      ...namesOf(stores, controlPlane),
      objects,
      refusals: this.#currentRefusals(),
    });
    return { workloads, unmovable, preflight, readings };
  }

  #currentRefusals(): ReadonlyMap<string, string> {
    const now = this.#options.now().getTime();
    for (const [place, { until }] of this.#refusals) if (until <= now) this.#refusals.delete(place);
    return new Map([...this.#refusals].map(([place, { message }]) => [place, message]));
  }

  /** Does what was decided; after the status was written, which a killed operator begins from. */
  async carryOut(
    controlPlane: string,
    decision: Pick<UpgradeDecision, 'moves' | 'measure' | 'needsWorkloads'>,
  ): Promise<void> {
    this.#loop.request(controlPlane, decision.measure);
    if (decision.needsWorkloads) this.#underWay.add(controlPlane);
    else this.#underWay.delete(controlPlane);
    if (this.#underWay.size > 0) this.#follower.start();
    else await this.#follower.stop();
    for (const move of decision.moves) await this.#move(controlPlane, move);
  }

  async #move(controlPlane: string, move: Move): Promise<void> {
    const { client, fresh, logger, now } = this.#options;
    const { workload, revision } = move;
    const present = this.#follower.objects()?.find(workload.kind, workload.namespace, workload.name);
    if (present === undefined) return;
    const outcome = await applyMove(client, move, present);
    const about = { controlPlane, workload: labelOf(workload), revision: revision ?? '' };
    switch (outcome.kind) {
      case 'moved':
        fresh.remember(present, outcome.answer);
        logger.info('moved a workload', about);
        return;
      case 'gone':
        return;
      case 'refused':
        this.#refusals.set(placeOf(workload), { message: outcome.message, until: now().getTime() + refusalMs });
        logger.warn('a workload cannot be moved', { ...about, reason: outcome.message });
        this.#tell(controlPlane);
    }
  }

  #measureContext() {
    const { client, stores, now } = this.#options;
    return {
      client,
      now,
      fetchPage: this.#options.fetchPage ?? fetchPage,
      istiodPods: (revision: string) =>
        stores.pods.list().filter(({ metadata }) => metadata.labels?.[labelKeys.revision] === revision),
      proxies: (revision: string) => reportedProxies(stores, revision),
      selectorOf: (workload: Parameters<typeof placeOf>[0]) => this.#follower.selectorOf(workload),
    };
  }
}

/** Which pods are a control plane's, by what names they have asked, and what an upgrade has to do with. */
function namesOf(stores: Stores, { metadata, spec, status }: MeshControlPlane) {
  const prefix = revisionName({ metadata, spec });
  const own = stores.revisions.list().filter((revision) => revision.spec.controlPlane === metadata.name);
  const revisions = new Set([prefix, ...own.map((revision) => revision.spec.revision)]);
  const pinnedTags = stores.tags.list().filter((tag) => tag.spec.targetRef.kind === 'MeshRevision');
  const pinned = new Set([...revisions, ...pinnedTags.map((tag) => tag.metadata.name)]);
  pinned.delete(prefix);
  const { upgrade } = status ?? {};
  return {
    pods: stores.sidecars.list().filter((pod) => revisions.has(revisionOfPod(pod) ?? '')),
    nameOf: (pod: KubeObject) => nameAskedByPod(pod) ?? nameOfNamespace(stores, pod),
    pinned,
    values: revisions,
    target: upgrade?.toRevision,
  };
}

function nameOfNamespace(stores: Stores, { metadata }: KubeObject): string | undefined {
  const namespace = stores.namespaces.get(undefined, metadata.namespace ?? '');
  return namespace && nameAskedByNamespace(namespace);
}

/** What the running replicas of an istiod report of their sidecars. */
function reportedProxies(stores: Stores, revision: string): Readings['proxies'] {
  const running = new Set(stores.pods.list().map(({ metadata }) => metadata.name));
  const reports = stores.leases
    .list()
    .filter(({ metadata }) => metadata.labels?.[labelKeys.istiodStatus] === revision && running.has(metadata.name));
  if (reports.length === 0) return undefined;
  const sum = (key: string): number =>
    reports.reduce((total, { metadata }) => total + (Number(metadata.annotations?.[key] ?? '0') || 0), 0);
  return { connected: sum(annotationKeys.connectedProxies), synced: sum(annotationKeys.syncedProxies) };
}
