import { applyDefaults } from '../../crds/defaults.ts';
import type { Upgrade, UpgradeInput as SpecInput, UpgradeStatus } from '../../crds/mesh-upgrade.ts';
import { upgrade } from '../../crds/mesh-upgrade.ts';
import type { Move, RevisionRef, UpgradeDecision, UpgradeInput } from './input.ts';
import type { Readings, WorkloadTraffic } from './readings.ts';
import { noTraffic } from './readings.ts';
import { upgradeStep } from './step.ts';
import type { Workload } from './workload.ts';
import { labelOf, placeOf } from './workload.ts';

/** A cluster as far as an upgrade sees it, for tests: what is moved is rolled out when told. */

export const revisions = {
  one: { name: 'default-0.1.0-aaaa', revision: 'default', version: '0.1.0' },
  two: { name: 'default-0.2.0-bbbb', revision: 'default-0-2-0-bbbb', version: '0.2.0' },
  three: { name: 'default-0.2.1-cccc', revision: 'default-0-2-1-cccc', version: '0.2.1' },
} as const satisfies Readonly<Record<string, RevisionRef>>;

/** How a version is bad, once workloads run on it. */
export type Fault = 'crash' | 'reject' | '503' | 'stuck';

export function upgradeSpec(spec: SpecInput = {}): Upgrade {
  return applyDefaults(upgrade, { strategy: 'Canary', ...spec });
}

export function workload(name: string, more: Partial<Workload> = {}): Workload {
  return {
    namespace: 'shop',
    kind: 'Deployment',
    name,
    given: undefined,
    rolledOut: true,
    desired: 2,
    available: 2,
    takesDown: 0,
    budgets: [],
    ...more,
  };
}

/** What a reconcile manages before the operator is killed. */
export type Extent = 'nothing' | 'status' | 'status and one move' | 'everything';

export class UpgradeWorld {
  now = Date.parse('2026-03-02T10:00:00Z');
  spec: Upgrade;
  active: RevisionRef = revisions.one;
  desired: RevisionRef = revisions.two;
  status: UpgradeStatus | undefined;
  workloads: readonly Workload[];
  ready = true;
  /** Versions that are bad. */
  faults = new Map<string, Fault>();
  readings: Readings | undefined;
  preflight: readonly string[] = [];
  /** Pods that may be missing in each namespace, by a PodDisruptionBudget for all of them; none is there without. */
  budget: number | undefined;
  readonly events: string[] = [];
  /** Every move that was made, as `Deployment shop/a -> revision`. */
  readonly moves: string[] = [];

  constructor(workloads: readonly Workload[], spec: SpecInput = {}) {
    this.workloads = workloads;
    this.spec = upgradeSpec(spec);
  }

  input(): UpgradeInput {
    const { spec, active, desired, readings, preflight } = this;
    const workloads = this.workloads.map((found) => this.#withBudget(found));
    const target = { ready: this.ready, message: this.ready ? 'serves' : 'pod istiod-x: CrashLoopBackOff' };
    const now = new Date(this.now);
    return { now, spec, active, desired, previous: this.status, target, workloads, unmovable: [], preflight, readings };
  }

  #withBudget(found: Workload): Workload {
    if (this.budget === undefined) return found;
    const allowed = Math.max(0, this.budget - this.missing(found.namespace));
    return { ...found, takesDown: 1, budgets: [{ name: `${found.namespace}/all`, allowed }] };
  }

  /** Pods of a namespace that there should be and that do not serve. */
  missing(namespace: string): number {
    return this.workloads
      .filter((found) => found.namespace === namespace)
      .reduce((sum, { desired, available }) => sum + desired - available, 0);
  }

  /** One reconcile before the workloads have been read. */
  reconcileUnread(): UpgradeDecision {
    const decision = upgradeStep({ ...this.input(), workloads: undefined });
    this.status = decision.status;
    if (decision.activate) this.active = this.desired;
    return decision;
  }

  /** One reconcile, which may be cut short. */
  reconcile(extent: Extent = 'everything'): UpgradeDecision {
    const decision = upgradeStep(this.input());
    if (extent === 'nothing') return decision;
    this.status = decision.status;
    if (decision.activate) this.active = this.desired;
    this.events.push(...decision.events.map(({ reason }) => reason));
    const made = extent === 'everything' ? decision.moves : extent === 'status' ? [] : decision.moves.slice(0, 1);
    for (const move of made) this.#apply(move);
    if (decision.measure !== undefined) this.#measure(decision.measure.revision);
    return decision;
  }

  #apply({ workload: ref, revision }: Move): void {
    this.moves.push(`${labelOf(ref)} -> ${revision ?? 'nothing'}`);
    this.workloads = this.workloads.map((found) =>
      placeOf(found) === placeOf(ref)
        ? { ...found, given: revision, rolledOut: false, available: found.desired - 1 }
        : found,
    );
  }

  /** Rollouts under way come to their end, but for those of a version whose pods do not start. */
  rollOut(which: (workload: Workload) => boolean = () => true): void {
    this.workloads = this.workloads.map((found) => {
      const fault = this.faultOf(found);
      if (!which(found) || fault === 'crash' || fault === 'stuck') return found;
      return { ...found, rolledOut: true, available: found.desired };
    });
  }

  faultOf({ given }: Workload): Fault | undefined {
    return given === undefined ? undefined : this.faults.get(given);
  }

  pass(ms: number): void {
    this.now += ms;
    if (this.readings !== undefined) this.#measure(this.readings.revision);
  }

  /** What the operator had measured is gone when it is started again. */
  restart(): void {
    this.readings = undefined;
  }

  #measure(revision: string): void {
    const moved = this.workloads.filter(({ given }) => given === revision);
    const isBad = (fault: Fault): boolean => moved.some((found) => this.faultOf(found) === fault);
    const running = moved.reduce((sum, { available }) => sum + available, 0);
    this.readings = {
      time: new Date(this.now),
      revision,
      proxies: { connected: running, synced: running },
      rejections: { total: isBad('reject') ? 1 : 0, pods: [] },
      crashLoops: moved
        .filter((found) => this.faultOf(found) === 'crash')
        .map((found) => ({ place: placeOf(found), message: `pod of ${labelOf(found)}: CrashLoopBackOff` })),
      traffic: new Map(this.workloads.map((found) => [placeOf(found), this.#trafficOf(found, revision)])),
    };
  }

  #trafficOf(found: Workload, revision: string): WorkloadTraffic {
    const failures = this.faultOf(found) === '503' ? 1000 : 0;
    const latency = [{ atMostMs: 10, count: 1000 }];
    const traffic = { requests: 1000, failures, latency };
    return found.given === revision && found.rolledOut
      ? { moved: traffic, notMoved: noTraffic, unreachable: 0 }
      : { moved: noTraffic, notMoved: traffic, unreachable: 0 };
  }

  /** Goes on until nothing changes any more; throws when that takes too long. */
  settle(most = 400): void {
    for (let look = 0; look < most; look++) {
      const decision = this.reconcile();
      const isOver = decision.lookAgainMs === undefined && decision.moves.length === 0;
      this.rollOut();
      if (isOver && (this.status === undefined || ['Completed', 'RolledBack'].includes(this.status.phase))) {
        // A superseded upgrade is followed by the one that is asked for.
        if (this.reconcile('nothing').status === this.status) return;
      }
      this.pass(decision.lookAgainMs === undefined ? 1000 : Math.min(decision.lookAgainMs, 60_000));
    }
    throw new Error(`does not settle: ${JSON.stringify(this.status)}`);
  }

  placesAt(revision: string | undefined): readonly string[] {
    return this.workloads.filter(({ given }) => given === revision).map(({ name }) => name);
  }
}
