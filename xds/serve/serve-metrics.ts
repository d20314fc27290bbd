import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from '../../lib/metrics.ts';
import type { ResourceType } from '../envoy/type-urls.ts';
import { shortNames } from '../envoy/type-urls.ts';

/** Metrics of serving, under Istio's names where they mean the same. */
export class ServeMetrics {
  readonly #connections: Gauge<'version'>;
  readonly #connected = new Map<string, number>();
  readonly expiredNonces: Counter<'type'>;
  readonly convergence: Histogram;
  readonly #pushes: Counter<'type'>;
  readonly #bytes: Histogram<'type'>;
  readonly #rejects: Counter<'type'>;
  readonly #totalRejects: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#connections = new Gauge({
      name: 'pilot_xds',
      help: 'Proxies connected by xDS.',
      labelNames: ['version'],
      registers,
    });
    this.expiredNonces = new Counter({
      name: 'pilot_xds_expired_nonce',
      help: 'Requests with a nonce that is no longer awaited.',
      labelNames: ['type'],
      registers,
    });
    this.convergence = new Histogram({
      name: 'pilot_proxy_convergence_time',
      help: 'Seconds from a change in Kubernetes to its being written to a proxy.',
      buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 3, 5, 10, 20, 30],
      registers,
    });
    this.#pushes = new Counter({
      name: 'pilot_xds_pushes',
      help: 'xDS responses sent.',
      labelNames: ['type'],
      registers,
    });
    this.#bytes = new Histogram({
      name: 'pilot_xds_config_size_bytes',
      help: 'Size of xDS responses in bytes.',
      labelNames: ['type'],
      buckets: [1_000, 10_000, 100_000, 1_000_000, 4_000_000, 10_000_000, 40_000_000],
      registers,
    });
    this.#rejects = new Counter({
      name: 'pilot_xds_rejects',
      help: 'xDS responses that a proxy rejected, by type.',
      labelNames: ['type'],
      registers,
    });
    this.#totalRejects = new Counter({
      name: 'pilot_total_xds_rejects',
      help: 'xDS responses that a proxy rejected.',
      registers,
    });
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

  sent(type: ResourceType, bytes: number): void {
    this.#pushes.inc({ type: shortNames[type] });
    this.#bytes.observe({ type: shortNames[type] }, bytes);
  }

  rejected(type: ResourceType): void {
    this.#rejects.inc({ type: shortNames[type] });
    this.#totalRejects.inc();
  }
}
