import type { Logger } from '../../lib/logger.ts';
import type { MeasureRequest } from './input.ts';
import type { Readings } from './readings.ts';

export interface MeasuringOptions {
  readonly measure: (request: MeasureRequest) => Promise<Readings>;
  /** Called with the name of a control plane of which there is something new. */
  readonly onReadings: (controlPlane: string) => void;
  readonly logger: Logger;
  /** Milliseconds between the end of one round and the next. */
  readonly intervalMs?: number;
}

const defaultIntervalMs = 5000;
/** Measuring takes at most this share of the time, however much there is to be measured. */
const share = 0.2;

/**
 * Measures beside the reconciles, which never wait for it: each takes what was measured last. One round at a time for
 * each control plane, for as long as one is asked for.
 */
export class MeasuringLoop {
  readonly #options: MeasuringOptions;
  readonly #requests = new Map<string, MeasureRequest>();
  readonly #readings = new Map<string, Readings>();
  readonly #running = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #stopped = false;

  constructor(options: MeasuringOptions) {
    this.#options = options;
  }

  /** What was measured last for what is asked for at present. */
  latest(controlPlane: string): Readings | undefined {
    return this.#readings.get(controlPlane);
  }

  /** Measures this from now on; undefined to measure nothing any more. */
  request(controlPlane: string, request: MeasureRequest | undefined): void {
    if (request === undefined) {
      this.#requests.delete(controlPlane);
      this.#readings.delete(controlPlane);
      this.#cancel(controlPlane);
      return;
    }
    const isNew = !this.#requests.has(controlPlane);
    this.#requests.set(controlPlane, request);
    if (isNew) this.#begin(controlPlane);
  }

  stop(): void {
    this.#stopped = true;
    for (const name of this.#timers.keys()) this.#cancel(name);
  }

  #cancel(controlPlane: string): void {
    clearTimeout(this.#timers.get(controlPlane));
    this.#timers.delete(controlPlane);
  }

  #begin(controlPlane: string): void {
    if (this.#running.has(controlPlane) || this.#stopped) return;
    this.#running.add(controlPlane);
    this.#round(controlPlane).catch((error: unknown) =>
      this.#options.logger.error('cannot measure for an upgrade', { controlPlane, error }),
    );
  }

  async #round(controlPlane: string): Promise<void> {
    const { measure, onReadings, intervalMs = defaultIntervalMs } = this.#options;
    const request = this.#requests.get(controlPlane);
    const began = performance.now();
    try {
      if (request === undefined) return;
      const readings = await measure(request);
      if (this.#stopped || this.#requests.get(controlPlane)?.revision !== request.revision) return;
      this.#readings.set(controlPlane, readings);
      onReadings(controlPlane);
    } finally {
      this.#running.delete(controlPlane);
      if (!this.#stopped && this.#requests.has(controlPlane)) {
        const pause = Math.max(intervalMs, (performance.now() - began) * (1 / share - 1));
        this.#cancel(controlPlane);
        this.#timers.set(controlPlane, setTimeout(() => this.#begin(controlPlane), pause).unref());
      }
    }
  }
}
