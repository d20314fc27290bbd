import type { WorkQueue } from './work-queue.ts';
import type { Logger } from '../logger.ts';
import type { Registry } from '../metrics.ts';

/**
 * Brings the object under `key` one step closer to what is asked for. It is told only where to look, never what
 * happened: it reads the present state itself. A thrown error means another try after the key's back-off, unless it is
 * a `TerminalError`, which waits for the object's next change.
 */
export type Reconciler<K extends string = string> = (key: K, context: ReconcileContext) => Promise<ReconcileResult>;

export interface ReconcileContext {
  readonly logger: Logger;
  /** Aborted when the controller must stop. */
  readonly signal: AbortSignal;
}

export interface ReconcileResult {
  /** Look again after this time even if nothing changes. */
  readonly requeueAfterMs?: number;
}

/** An error that trying again cannot cure. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

export interface ControllerOptions<K extends string> {
  readonly name: string;
  readonly queue: WorkQueue<K>;
  readonly reconcile: Reconciler<K>;
  /** Keys processed at the same time, 1 by default. */
  readonly concurrency?: number;
  readonly logger: Logger;
  readonly metrics?: Registry;
  /** Stops the controller: the queue is shut down, and running reconciles are awaited. */
  readonly signal: AbortSignal;
}
