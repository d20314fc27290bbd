import { setTimeout as delay } from 'node:timers/promises';
import { HeldResources, differences } from './held-resources.ts';
import type { SidecarIdentity } from './layout.ts';
import type { StreamEvents } from './sidecar-stream.ts';
import { SidecarStream } from './sidecar-stream.ts';

/** Sums over all sidecars since the start. */
export interface FleetStats {
  readonly reconnects: number;
  /** Streams that ended although their sidecar wanted them. */
  readonly endedByServer: number;
  readonly responses: number;
  readonly resources: number;
  readonly bytes: number;
  readonly rejected: number;
}

export interface Comparison {
  readonly resources: number;
  /** All that differs, over all sidecars. */
  readonly differences: number;
  /** The first of them. */
  readonly examples: readonly string[];
}

interface Sidecar {
  readonly identity: SidecarIdentity;
  readonly held: HeldResources;
  stream?: SidecarStream;
  timer?: NodeJS.Timeout;
}

const quietMs = 3_000;
const patienceMs = 120_000;
const batch = 50;
const mostExamples = 20;

/** Many sidecars that hold what they are sent, and reconnect at random with what they hold. */
export class SidecarFleet {
  readonly #address: string;
  readonly #reconnectMs: number;
  readonly #sidecars: readonly Sidecar[];
  readonly #stats = { reconnects: 0, endedByServer: 0, responses: 0, resources: 0, bytes: 0, rejected: 0 };
  readonly #complaints = new Set<string>();
  #lastResponseAt = performance.now();
  #settling = false;

  /** `reconnectMs` is how long a sidecar's stream lasts on average. */
  constructor(address: string, identities: readonly SidecarIdentity[], reconnectMs: number) {
    this.#address = address;
    this.#reconnectMs = reconnectMs;
    this.#sidecars = identities.map((identity) => ({ identity, held: new HeldResources() }));
  }

  get stats(): FleetStats {
    return { ...this.#stats };
  }

  /** Why responses were rejected and streams ended, each reason once. */
  get complaints(): readonly string[] {
    return [...this.#complaints];
  }

  /** Connects all; resolves once they are in sync. */
  async start(): Promise<void> {
    for (const sidecar of this.#sidecars) this.#connect(sidecar);
    await this.#quiet('in sync', this.#sidecars, 0);
  }

  /** Ends the reconnecting; resolves once nothing has been sent for some seconds. */
  async settle(): Promise<void> {
    this.#settling = true;
    await this.#quiet('settled', this.#sidecars, quietMs);
  }

  /** Compares what each sidecar holds with what one without anything is sent by another server. */
  async compare(address: string): Promise<Comparison> {
    const found: string[] = [];
    let resources = 0;
    for (let at = 0; at < this.#sidecars.length; at += batch) {
      const some = this.#sidecars.slice(at, at + batch);
      const fresh = some.map(({ identity }): Sidecar => {
        const held = new HeldResources();
        return { identity, held, stream: new SidecarStream(address, identity, held, this.#events()) };
      });
      await this.#quiet('in sync with the fresh istiod', fresh, quietMs);
      for (const [index, { identity, held, stream }] of fresh.entries()) {
        stream?.close();
        const before = some[index]?.held ?? new HeldResources();
        const lines = [
          ...differences(before, held),
          ...before.withoutHosts().map((name) => `route ${name} has no virtual host`),
        ];
        found.push(...lines.map((line) => `${identity.id}: ${line}`));
        for (const kind of ['cluster', 'endpoint', 'listener', 'route', 'virtualHost'] as const) {
          resources += held.of(kind).size;
        }
      }
    }
    return { resources, differences: found.length, examples: found.slice(0, mostExamples) };
  }

  #connect(sidecar: Sidecar): void {
    sidecar.stream = new SidecarStream(this.#address, sidecar.identity, sidecar.held, {
      ...this.#events(),
      onEnded: (why) => {
        this.#stats.endedByServer++;
        this.#complaints.add(`a stream ended with ${why}`);
        this.#reconnect(sidecar, 1_000);
      },
    });
    // Times between events that come at random are distributed exponentially.
    const lifeMs = -Math.log(1 - Math.random()) * this.#reconnectMs;
    sidecar.timer = setTimeout(() => {
      if (this.#settling) return;
      sidecar.stream?.close();
      this.#reconnect(sidecar, 1_000);
    }, lifeMs);
  }

  #reconnect(sidecar: Sidecar, withinMs: number): void {
    clearTimeout(sidecar.timer);
    delete sidecar.stream;
    this.#stats.reconnects++;
    sidecar.timer = setTimeout(() => this.#connect(sidecar), Math.random() * withinMs);
  }

  #events(): StreamEvents {
    return {
      onResponse: ({ resources, bytes }) => {
        this.#lastResponseAt = performance.now();
        this.#stats.responses++;
        this.#stats.resources += resources;
        this.#stats.bytes += bytes;
      },
      onRejected: (why) => {
        this.#stats.rejected++;
        this.#complaints.add(`rejected: ${why}`);
      },
      onEnded: (why) => this.#complaints.add(`a stream ended with ${why}`),
    };
  }

  async #quiet(what: string, sidecars: readonly Sidecar[], forMs: number): Promise<void> {
    const started = performance.now();
    const behind = (): readonly Sidecar[] => sidecars.filter(({ stream }) => stream?.isSynced !== true);
    const isQuiet = (): boolean => performance.now() - Math.max(started, this.#lastResponseAt) >= forMs;
    for (let late = behind(); late.length > 0 || !isQuiet(); late = behind()) {
      if (performance.now() - started > patienceMs) {
        const [first] = late;
        const waits = first === undefined ? '' : `: ${first.identity.id} waits for ${first.held.missing().join(', ')}`;
        throw new Error(`${late.length} of ${sidecars.length} sidecars are not ${what}${waits}`);
      }
      await delay(200);
    }
  }
}
