import type { Counter, Gauge, Histogram, Registry } from '../../lib/metrics.ts';
import { counter, gauge, histogram } from '../../lib/metrics.ts';
import type { ResourceType } from '../envoy/type-urls.ts';
import { shortNames, typeUrls } from '../envoy/type-urls.ts';

/** Why proxies are sent something, in Istio's words (`pilot_push_triggers`). */
export type PushTrigger = 'endpoint' | 'service' | 'config' | 'proxy' | 'namespace' | 'global' | 'proxyrequest';

/** What a change in Kubernetes was about, in Istio's words (`pilot_inbound_updates`). */
export type InboundUpdate = 'config' | 'eds' | 'svc' | 'svcdelete';

const seconds = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 3, 5, 10, 20, 30];

/**
 * Metrics of serving, under Istio's names where they mean the same (docs/reference/metrics.md). Times are in seconds.
 * No label holds what grows with the mesh; the versions of proxies are bounded by those that are connected.
 */
export class ServeMetrics {
  readonly expiredNonces: Counter<'type'>;
  readonly convergence: Histogram<never>;
  readonly #connections: Gauge<'version'>;
  readonly #connected = new Map<string, number>();
  readonly #pushes: Counter<'type'>;
  readonly #bytes: Histogram<'type'>;
  readonly #totalRejects: Counter<'type'>;
  readonly #internalErrors: Counter<never>;
  readonly #writeTimeouts: Counter<never>;
  readonly #largestRequest: Gauge<never>;
  #largestRequestBytes = 0;
  readonly #pushTime: Histogram<'type'>;
  readonly #sendTime: Histogram<never>;
  readonly #queueTime: Histogram<never>;
  readonly #debounceTime: Histogram<never>;
  readonly #triggers: Counter<'type'>;
  readonly #updates: Counter<'type'>;

  constructor(registry: Registry) {
    const count = <L extends string = never>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
      counter(registry, { name, help, labelNames });
    const time = <L extends string = never>(name: string, help: string, ...labelNames: L[]): Histogram<L> =>
      histogram(registry, { name, help, labelNames, buckets: seconds });
    this.#connections = gauge(registry, {
      name: 'pilot_xds',
      help: 'Proxies connected by xDS.',
      labelNames: ['version'],
    });
    this.expiredNonces = count('pilot_xds_expired_nonce', 'Requests with a nonce that is no longer awaited.', 'type');
    this.convergence = time(
      'pilot_proxy_convergence_time',
      'Seconds from a change to a proxy having been sent all of it.',
    );
    this.#pushes = count('pilot_xds_pushes', 'xDS responses sent.', 'type');
    this.#bytes = histogram(registry, {
      name: 'pilot_xds_config_size_bytes',
      help: 'Size of xDS responses in bytes.',
      labelNames: ['type'],
      buckets: [1, 1_000, 10_000, 100_000, 1_000_000, 4_000_000, 10_000_000, 40_000_000],
    });
    this.#totalRejects = count('pilot_total_xds_rejects', 'xDS responses that a proxy rejected.', 'type');
    this.#internalErrors = count('pilot_total_xds_internal_errors', 'Streams that ended by a fault of istiod.');
    this.#writeTimeouts = count('pilot_xds_write_timeout', 'Streams ended since the proxy did not read in time.');
    this.#largestRequest = gauge(registry, {
      name: 'pilot_xds_recv_max',
      help: 'Size of the largest xDS request so far, in bytes.',
    });
    this.#pushTime = time('pilot_xds_push_time', 'Seconds to put a response together and to write it.', 'type');
    this.#sendTime = time('pilot_xds_send_time', 'Seconds from writing a response to the stream having taken it.');
    this.#queueTime = time('pilot_proxy_queue_time', 'Seconds that a proxy with a change to come waits for its turn.');
    this.#debounceTime = time('pilot_debounce_time', 'Seconds from the first of merged changes to their being served.');
    this.#triggers = count('pilot_push_triggers', 'Pushes to proxies, by reason.', 'type');
    this.#updates = count('pilot_inbound_updates', 'Changes in Kubernetes that the mesh took in.', 'type');
  }

  connected(version: string): void {
    this.#setConnected(version, (this.#connected.get(version) ?? 0) + 1);
  }

  disconnected(version: string): void {
    this.#setConnected(version, (this.#connected.get(version) ?? 0) - 1);
  }

  /** Versions are what proxies say; one that nobody says any more leaves no series behind. */
  #setConnected(version: string, count: number): void {
    if (count > 0) {
      this.#connected.set(version, count);
      this.#connections.set({ version }, count);
    } else {
      this.#connected.delete(version);
      this.#connections.remove({ version });
    }
  }

  /** A response was written. */
  sent(type: ResourceType, bytes: number): void {
    this.#pushes.inc({ type: shortNames[type] });
    // Istio labels this one with the type URL.
    this.#bytes.observe({ type: typeUrls[type] }, bytes);
  }

  /** A proxy answered a response with an error. */
  rejected(type: ResourceType): void {
    this.#totalRejects.inc({ type: shortNames[type] });
  }

  /** One proxy has been sent all that a change means for it; `tookSeconds` from the change in Kubernetes on. */
  converged(tookSeconds: number): void {
    this.convergence.observe(tookSeconds);
  }

  /** One proxy's turn has come; `waitedSeconds` from when it was known that there is something for it. */
  dequeued(waitedSeconds: number): void {
    this.#queueTime.observe(waitedSeconds);
  }

  /** Merged changes are in the snapshot; `tookSeconds` from the first of them on, their translation included. */
  debounced(tookSeconds: number): void {
    this.#debounceTime.observe(tookSeconds);
  }

  /** A response was put together and given to the stream. */
  pushed(type: ResourceType, tookSeconds: number): void {
    this.#pushTime.observe({ type: shortNames[type] }, tookSeconds);
  }

  /** The stream has taken a response over to the network. */
  flushed(tookSeconds: number): void {
    this.#sendTime.observe(tookSeconds);
  }

  /** Something is sent to so many proxies, and why. */
  triggered(reason: PushTrigger, proxies = 1): void {
    this.#triggers.inc({ type: reason }, proxies);
  }

  /** A change in Kubernetes was taken in. */
  updated(kind: InboundUpdate): void {
    this.#updates.inc({ type: kind });
  }

  /** A stream ended by a fault of istiod. */
  failed(): void {
    this.#internalErrors.inc();
  }

  /** A stream was ended since the proxy took nothing for too long. */
  writeTimedOut(): void {
    this.#writeTimeouts.inc();
  }

  /** A request of so many bytes came in. */
  received(bytes: number): void {
    if (bytes <= this.#largestRequestBytes) return;
    this.#largestRequestBytes = bytes;
    this.#largestRequest.set(bytes);
  }
}
