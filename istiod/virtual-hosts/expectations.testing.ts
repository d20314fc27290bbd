/** What came of one request: who answered it, or the status of an answer that no backend gave, or the error. */
export interface Answer {
  readonly from: string;
  /** When the request was sent and when it was answered, as `performance.now()` tells, milliseconds. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** From a moment on, who may answer. */
interface Phase {
  readonly since: number;
  readonly allowed: readonly string[];
}

/**
 * Who may answer requests for a host, over time. A request may be answered as it was right at any moment between its
 * sending and its answer, and in no other way.
 */
export class Expectations {
  readonly #phases = new Map<string, Phase[]>();

  get hosts(): readonly string[] {
    return [...this.#phases.keys()];
  }

  /** From now on requests to the host are to be answered by one of these. */
  allow(host: string, ...allowed: readonly string[]): void {
    const phases = this.#phases.get(host) ?? [];
    this.#phases.set(host, [...phases, { since: performance.now(), allowed }]);
  }

  /** What is wrong with an answer; undefined when nothing is, and for a host of which nothing has been said. */
  fault(host: string, { from, sentAt, answeredAt }: Answer): string | undefined {
    const phases = this.#phases.get(host);
    if (phases === undefined) return undefined;
    const allowed = phases
      .filter(({ since }, index) => since <= answeredAt && (phases[index + 1]?.since ?? Infinity) > sentAt)
      .flatMap((phase) => phase.allowed);
    if (allowed.includes(from)) return undefined;
    const took = Math.round(answeredAt - sentAt);
    return `${host} was answered by ${from} instead of ${[...new Set(allowed)].join(' or ')}, after ${took} ms`;
  }
}
