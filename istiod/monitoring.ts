import type { HttpServer } from '../lib/http-server.ts';
import { startHttpServer } from '../lib/http-server.ts';
import type { Logger } from '../lib/logger.ts';
import type { Registry } from '../lib/metrics.ts';
import { gauge, renderMetrics } from '../lib/metrics.ts';
import { version } from '../lib/version.ts';

export interface MonitoringOptions {
  /** What still keeps this replica from serving; it is ready when nothing does. */
  readonly waitingFor: ReadonlySet<string>;
  readonly logger: Logger;
  readonly metrics: Registry;
}

/** `/metrics`, `/healthz` and `/readyz`; nothing where the address is undefined. */
export function startMonitoring(
  address: string | undefined,
  { waitingFor, logger, metrics }: MonitoringOptions,
): Promise<HttpServer | undefined> {
  if (address === undefined) return Promise.resolve(undefined);
  publishProcess(metrics);
  return startHttpServer({
    address,
    logger: logger.child('monitoring'),
    routes: {
      '/metrics': () => renderMetrics(metrics),
      '/healthz': () => ({ body: 'ok\n' }),
      '/readyz': () =>
        waitingFor.size === 0
          ? { body: 'ok\n' }
          : { status: 503, body: `waiting for ${[...waitingFor].join(' and for ')}\n` },
    },
  });
}

/** What runs, and since when, under Istio's names. */
function publishProcess(metrics: Registry): void {
  gauge(metrics, { name: 'pilot_info', help: 'Version of istiod.', labelNames: ['version'] }).set({ version }, 1);
  gauge(metrics, {
    name: 'istiod_uptime_seconds',
    help: 'Seconds since this process was started.',
    collect: (metric) => metric.set(process.uptime()),
  });
}
