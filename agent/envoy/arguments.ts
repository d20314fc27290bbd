import { isIPv6 } from 'node:net';
import type { AgentSettings } from '../settings.ts';

/** Seconds over which Envoy closes the connections of a listener that istiod has changed or taken away (as Istio's). */
const drainSeconds = 45;

/** Envoy's command line. */
export function envoyArguments(settings: AgentSettings, bootstrapFile: string): readonly string[] {
  return [
    ...['--config-path', bootstrapFile],
    ...['--drain-time-s', String(drainSeconds)],
    ...['--drain-strategy', 'immediate'],
    ...['--local-address-ip-version', isIPv6(settings.podIps[0] ?? '') ? 'v6' : 'v4'],
    ...['--file-flush-interval-msec', '1000'],
    ...['--log-level', settings.proxyLogLevel],
    ...['--component-log-level', settings.proxyComponentLogLevel],
    ...['--concurrency', String(settings.concurrency)],
    '--disable-hot-restart',
    '--allow-unknown-static-fields',
    '--skip-deprecated-logs',
  ];
}
