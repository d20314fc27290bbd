import type { Upgrade, UpgradeStatus } from '../../crds/mesh-upgrade.ts';
import type { Readings } from './readings.ts';
import type { Workload, WorkloadRef } from './workload.ts';

/** What an upgrade has to know of a MeshRevision. */
export interface RevisionRef {
  /** Name of the MeshRevision. */
  readonly name: string;
  /** Value of `istio.io/rev`, and of the annotation of pods that are given to it. */
  readonly revision: string;
  readonly version: string;
}

/** How an istiod is. */
export interface ControlPlaneState {
  readonly ready: boolean;
  /** What it waits for; the words of the pod that fails. */
  readonly message: string;
}

/** All that a decision rests on. */
export interface UpgradeInput {
  readonly now: Date;
  readonly spec: Upgrade;
  /** The MeshRevision of `status.activeRevision`. */
  readonly active: RevisionRef;
  /** The MeshRevision that the spec asks for; the active one when nothing is to be changed. */
  readonly desired: RevisionRef;
  /** `status.upgrade`. */
  readonly previous: UpgradeStatus | undefined;
  /** How istiod of `liveTarget(...)` is. InPlace: how istiod is, with the content that the last decision named. */
  readonly target: ControlPlaneState;
  /** Movable workloads with sidecars of this control plane, in any order; undefined until they have been read. */
  readonly workloads: readonly Workload[] | undefined;
  /** Others that have such sidecars: pods without owner, Jobs, workloads whose strategy is OnDelete. */
  readonly unmovable: readonly { readonly workload: string; readonly message: string }[];
  /** What keeps an upgrade from beginning: sentences. */
  readonly preflight: readonly string[];
  /** What was measured last; undefined until something was. */
  readonly readings: Readings | undefined;
}

/** The input once the workloads are known. */
export type KnownInput = UpgradeInput & { readonly workloads: readonly Workload[] };

/** A workload and the value that its template's annotation gets; undefined takes the annotation away. */
export interface Move {
  readonly workload: WorkloadRef;
  readonly revision: string | undefined;
}

/** An Event to be made. */
export interface UpgradeEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

/** What the reading loop has to measure for the next decision. */
export interface MeasureRequest {
  /** The `istio.io/rev` of the new istiod. */
  readonly revision: string;
  /** Workloads that the sidecars' counters are wanted of: those of the batch and of the one after it. */
  readonly workloads: readonly WorkloadRef[];
  /** Workloads that were moved and don't serve with all their pods: crash loops are looked for. */
  readonly moved: readonly WorkloadRef[];
}

export interface UpgradeDecision {
  /** The next `status.upgrade`; undefined as long as there never was an upgrade. */
  readonly status: UpgradeStatus | undefined;
  /** To be made after the status was written. */
  readonly moves: readonly Move[];
  /** The target becomes the active revision, in the same write as the status. */
  readonly activate: boolean;
  /**
   * The content that is to be live beside the active one (Canary), or in its place (InPlace); undefined for none. It is
   * a MeshRevision's name.
   */
  readonly target: string | undefined;
  readonly measure: MeasureRequest | undefined;
  /** Whether the workloads have to be read, and followed, for the next decision. */
  readonly needsWorkloads: boolean;
  /** Milliseconds after which time alone changes the decision; undefined when only a change of the world does. */
  readonly lookAgainMs: number | undefined;
  readonly events: readonly UpgradeEvent[];
}
