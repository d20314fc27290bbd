import type { Logger } from '../../lib/logger.ts';
import { ports } from '../../lib/ports.ts';
import type { ShutdownSettings } from '../settings.ts';
import type { EnvoyAdmin } from './admin.ts';

/** Makes Envoy tell its inbound peers to go elsewhere (`Connection: close`, GOAWAY) while it goes on serving them. */
export async function startDraining(admin: EnvoyAdmin): Promise<void> {
  await admin.text('POST', '/drain_listeners?inboundonly&graceful&skip_exit');
}

/**
 * What an ordinary sidecar does between being told to stop and stopping: drains, and waits for the fixed time or until
 * nothing is connected. A native sidecar does not wait. Never rejects: a shutdown goes on whatever Envoy says.
 */
export async function drain(
  admin: EnvoyAdmin,
  settings: ShutdownSettings,
  log: Logger,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  if (settings.native) return;
  try {
    await startDraining(admin);
  } catch (error) {
    log.warn('Envoy could not be told to drain', { error });
    return;
  }
  if (!settings.untilIdle) {
    log.info('draining', { seconds: settings.drainSeconds });
    await sleep(settings.drainSeconds * 1000);
    return;
  }
  log.info('draining until no connection is left', { atLeastSeconds: settings.minimumDrainSeconds });
  await sleep(settings.minimumDrainSeconds * 1000);
  // The kubelet ends this with SIGKILL after the pod's grace period.
  while ((await activeConnections(admin, log)) > 0) await sleep(1000);
}

async function activeConnections(admin: EnvoyAdmin, log: Logger): Promise<number> {
  try {
    return countConnections(await admin.text('GET', String.raw`/stats?filter=^listener\..*downstream_cx_active$`));
  } catch (error) {
    log.warn('Envoy could not be asked for its connections; not waiting for them', { error });
    return 0;
  }
}

/** Sum of the gauges of Envoy's listeners but its own ones for administration, health and metrics. */
export function countConnections(stats: string): number {
  let sum = 0;
  for (const line of stats.split('\n')) {
    const match = /^listener\.(.+)\.downstream_cx_active: (\d+)$/.exec(line);
    const [, listener = '', count = '0'] = match ?? [];
    const own =
      listener === 'admin' || /\.worker_\d+$/.test(listener) || ownPorts.some((port) => listener.endsWith(`_${port}`));
    if (!own) sum += Number(count);
  }
  return sum;
}

const ownPorts = [ports.health, ports.envoyPrometheus];
