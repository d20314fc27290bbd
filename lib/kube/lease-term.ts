import type { Clock } from './clock.ts';

/** The lease is, or may by now be, another replica's. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** One term of leadership, as the leader's work sees it. */
export interface LeadershipTerm {
  /** Aborts, with a `LeaseLostError`, when the lease is lost; not when the leader is asked to stop. */
  readonly lost: AbortSignal;
  /** Throws a `LeaseLostError` unless no other replica can lead now. To be called right before each write. */
  assertHeld(): void;
  /** Milliseconds, 0 at least, until another replica may lead: what was sent has to be over by then. */
  remainingMs(): number;
}

/** The term of a process that takes itself for the only one. */
export const soleTerm: LeadershipTerm = {
  lost: new AbortController().signal,
  assertHeld: () => undefined,
  remainingMs: () => Infinity,
};

/** A moment by both clocks. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

export function momentOf(clock: Clock): Moment {
  return { monotonic: clock.monotonic(), wall: clock.now() };
}

export interface TermLimits {
  /** Nothing is written when the lease was not renewed for this long. */
  readonly renewDeadlineMs: number;
  /** Others may take the lease when it was not renewed for this long. */
  readonly leaseDurationMs: number;
}

/**
 * How long ago the lease was renewed is asked of the clocks at each call, not told by a timer: a process that was stopped
 * (SIGSTOP, a frozen cgroup) finds out before it does anything else. Both clocks must agree, since the monotonic one
 * stands still while a machine sleeps, and the wall clock can be set back. Set forward, it holds writes up until the
 * next renewal proves that the lease is still ours.
 */
export class LeaseTerm implements LeadershipTerm {
  readonly #name: string;
  readonly #limits: TermLimits;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  #renewedAt: Moment;

  /** `renewedAt` is from before the request by which the lease was taken: others count from its arrival, or later. */
  constructor(name: string, limits: TermLimits, clock: Clock, renewedAt: Moment) {
    this.#name = name;
    this.#limits = limits;
    this.#clock = clock;
    this.#renewedAt = renewedAt;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  assertHeld(): void {
    this.#lost.signal.throwIfAborted();
    const ageMs = this.#ageMs();
    if (ageMs < this.#limits.renewDeadlineMs) return;
    throw new LeaseLostError(`lease ${this.#name}: not renewed for ${Math.round(ageMs)} ms, another may lead`);
  }

  remainingMs(): number {
    return Math.max(0, this.#limits.leaseDurationMs - this.#ageMs());
  }

  /** `at` is from before the request. */
  renewed(at: Moment): void {
    this.#renewedAt = at;
  }

  /** Milliseconds, by the monotonic clock, until the lease is given up unless it is renewed. */
  untilDeadlineMs(): number {
    return this.#renewedAt.monotonic + this.#limits.renewDeadlineMs - this.#clock.monotonic();
  }

  lose(leader: string): void {
    const why = leader === '' ? 'could not be renewed' : `is held by ${leader}`;
    this.#lost.abort(new LeaseLostError(`lease ${this.#name}: ${why}`));
  }

  #ageMs(): number {
    const { monotonic, wall } = this.#renewedAt;
    return Math.max(this.#clock.monotonic() - monotonic, this.#clock.now() - wall);
  }
}
