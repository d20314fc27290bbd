import { setTimeout } from 'node:timers/promises';
import { meshControlPlanes } from '../../crds/kinds.ts';
import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import { revisionName } from '../../crds/mesh-control-plane.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { isNotFound } from '../../lib/kube/error.ts';
import type { EventRecorder } from '../../lib/kube/events.ts';
import type { Condition } from '../../lib/kube/object.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Stores } from '../reconcile/world.ts';
import { typeOf } from '../type-meta.ts';
import type { FetchPage } from '../upgrade/fetch-page.ts';
import { fetchPage as fetchPageByHttp } from '../upgrade/fetch-page.ts';
import { knownReleases } from '../versions/known-releases.ts';
import { resolveVersion } from '../versions/resolve-version.ts';
import { preflight } from './checks.ts';
import { objections, upgradeableCondition, upgradeableDraft } from './condition.ts';
import type { Report } from './finding.ts';
import { gatherFacts } from './gather.ts';

export interface PreflightsOptions {
  /** Reads and access reviews; not counted among the writes of the reconcile. */
  readonly client: KubeClient;
  /** Writes the condition. */
  readonly writer: KubeClient;
  readonly stores: Stores;
  readonly events: EventRecorder;
  /** The operator's own version. */
  readonly version: string;
  readonly now: () => Date;
  readonly logger: Logger;
  readonly fetchPage?: FetchPage;
}

/** Owns the condition, and nothing else of the status: preflight and reconcile write when each has news. */
const fieldManager = 'meltemi-operator-preflight';
/** Between two looks at a control plane of which nothing new is asked. */
const restMs = 5 * 60_000;
/** The same while something is in the way, which may have passed since. */
const doubtMs = 2 * 60_000;
/** The same while an upgrade that is asked for waits for that. */
const heldMs = 30_000;
/** How often it is seen whether a look is due. */
const tickMs = 1_000;

interface Look {
  readonly generation: number;
  readonly at: number;
  readonly report: Report;
}

/**
 * Keeps the condition `Upgradeable` of every MeshControlPlane for one term of leadership: looks at once when a spec is
 * new or has changed, every few minutes else, and writes only what is news.
 */
export class Preflights {
  readonly #options: PreflightsOptions;
  readonly #looks = new Map<string, Look>();

  constructor(options: PreflightsOptions) {
    this.#options = options;
  }

  /** What keeps an upgrade of a control plane from beginning: sentences, none when nothing does. */
  objections(name: string): readonly string[] {
    const controlPlane = this.#options.stores.controlPlanes.get(undefined, name);
    const look = this.#looks.get(name);
    if (controlPlane === undefined) return [];
    // Its end is written into the status, which brings the next decision.
    if (look?.generation !== generationOf(controlPlane)) return ['the preflight checks are still being made'];
    return objections(look.report, controlPlane.spec.upgrade.force);
  }

  /** Resolves when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const controlPlane of this.#due()) {
        try {
          await this.#look(controlPlane);
        } catch (error) {
          const name = controlPlane.metadata.name;
          this.#options.logger.error('the preflight checks cannot be made', { controlPlane: name, error });
        }
      }
      await setTimeout(tickMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #due(): readonly MeshControlPlane[] {
    const { stores, now } = this.#options;
    const present = stores.controlPlanes.list();
    const names = new Set(present.map(({ metadata }) => metadata.name));
    for (const name of this.#looks.keys()) if (!names.has(name)) this.#looks.delete(name);
    return present.filter((controlPlane) => {
      if (controlPlane.metadata.deletionTimestamp !== undefined) return false;
      const look = this.#looks.get(controlPlane.metadata.name);
      if (look?.generation !== generationOf(controlPlane)) return true;
      return now().getTime() - look.at >= untilNextMs(controlPlane, look.report);
    });
  }

  async #look(controlPlane: MeshControlPlane): Promise<void> {
    const { client, stores, version, now, fetchPage = fetchPageByHttp } = this.#options;
    const { name } = controlPlane.metadata;
    const at = now().getTime();
    const releases = knownReleases(version);
    const resolution = resolveVersion(controlPlane.spec.version, releases, controlPlane.status?.version);
    const [own] = releases;
    // A version that is refused is the reconcile's to tell of; all else is checked as for the operator's own.
    const release = resolution.kind === 'resolved' ? resolution.release : own;
    if (release === undefined) return;
    const revisions = revisionsOf(stores, controlPlane);
    const subject = { controlPlane, revisions, release, releases };
    const report = preflight(await gatherFacts({ client, stores, fetchPage }, subject));
    this.#looks.set(name, { generation: generationOf(controlPlane), at, report });
    await this.#tell(controlPlane, report);
  }

  async #tell(seen: MeshControlPlane, report: Report): Promise<void> {
    const { writer, stores, events, now } = this.#options;
    const { name, uid } = seen.metadata;
    const current = stores.controlPlanes.get(undefined, name) ?? seen;
    const before = current.status?.conditions?.find(({ type }) => type === upgradeableCondition);
    const condition = conditionOf(report, seen, before, now());
    if (before !== undefined && saysTheSame(before, condition)) return;
    const metadata = { name, ...(uid === undefined ? {} : { uid }) };
    const object = { ...typeOf(meshControlPlanes), metadata, status: { conditions: [condition] } };
    try {
      await writer.apply(meshControlPlanes, object, { fieldManager, force: true, subresource: 'status' });
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    if (before?.status === condition.status || (before === undefined && condition.status === 'True')) return;
    const type = condition.status === 'True' ? 'Normal' : 'Warning';
    events.event({ resource: meshControlPlanes, object: seen }, type, condition.reason, 'Preflight', condition.message);
  }
}

function untilNextMs({ status }: MeshControlPlane, { findings, unknown }: Report): number {
  if (findings.length + unknown.length === 0) return restMs;
  return status?.upgrade?.phase === 'Waiting' ? heldMs : doubtMs;
}

/** Longest message of a metav1.Condition. */
const maxMessageLength = 32_768;

function conditionOf(
  report: Report,
  controlPlane: MeshControlPlane,
  before: Condition | undefined,
  now: Date,
): Condition {
  const { status, reason, message } = upgradeableDraft(report, controlPlane.spec.upgrade.force);
  return {
    type: upgradeableCondition,
    status,
    reason,
    message: message.slice(0, maxMessageLength),
    observedGeneration: generationOf(controlPlane),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`,
  };
}

function saysTheSame(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  );
}

function generationOf({ metadata }: MeshControlPlane): number {
  return metadata.generation ?? 0;
}

function revisionsOf(stores: Stores, controlPlane: MeshControlPlane): ReadonlySet<string> {
  const { name } = controlPlane.metadata;
  const recorded = stores.revisions.list().filter(({ spec }) => spec.controlPlane === name);
  return new Set([revisionName(controlPlane), ...recorded.map(({ spec }) => spec.revision)]);
}
