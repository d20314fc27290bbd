import { Command, Option } from 'commander';
import { argument } from '../lib/command-options.ts';
import type { LogLevels } from '../lib/logger.ts';
import { parseLogLevels } from '../lib/logger.ts';
import { ports } from '../lib/ports.ts';
import { parseAddress } from '../lib/http-server.ts';
import { requireLoopback } from './loopback.ts';
import type { IstiodOptions } from './options.ts';

/** `off`, or an address to listen on. (commander makes an empty text of an undefined, so `off` is read later.) */
const addressOption = argument((value: string): string => {
  if (value !== 'off') parseAddress(value);
  return value;
});

/** As `addressOption`, where no others may reach it. */
const loopbackOption = argument((value: string): string => {
  if (value !== 'off') requireLoopback(value);
  return value;
});

interface Flags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: string;
  readonly revision: string;
  readonly config?: string;
  readonly secureAddress: string;
  readonly plaintextAddress?: string;
  readonly webhookAddress: string;
  readonly monitoringAddress: string;
  readonly debugAddress: string;
  readonly podName?: string;
  readonly podUid?: string;
  readonly logFormat: 'json' | 'human';
  readonly logLevel: LogLevels;
}

function optionsOf(flags: Flags): IstiodOptions {
  const { logLevel, secureAddress, plaintextAddress, webhookAddress, monitoringAddress, debugAddress, ...others } =
    flags;
  const addresses = Object.entries({
    secureAddress,
    plaintextAddress,
    webhookAddress,
    monitoringAddress,
    debugAddress,
  });
  return {
    ...others,
    ...Object.fromEntries(addresses.filter(([, address]) => address !== undefined && address !== 'off')),
    logLevels: logLevel,
  };
}

/** `meltemi istiod`: runs one replica of the control plane until it is told to stop. */
export function istiodCommand(): Command {
  return new Command('istiod')
    .summary('run a replica of the control plane')
    .description(
      'Runs a replica of the control plane: it watches the Kubernetes API and serves proxies their configuration (xDS),\n' +
        'their certificates and, to the API server, the webhooks that inject and validate.\n' +
        'Outside a cluster, --kubeconfig and --plaintext-address are enough to look at what proxies would get.',
    )
    .option('--kubeconfig <file>', 'kubeconfig of the cluster; that of the pod, then $KUBECONFIG, when left out')
    .option('--context <name>', 'context of the kubeconfig; its current one when left out')
    .addOption(
      new Option('--namespace <name>', 'namespace of the control plane, where its certificate authority is kept')
        .env('POD_NAMESPACE')
        .default('istio-system'),
    )
    .option('--revision <name>', 'revision that this control plane is', 'default')
    .option('--config <file>', 'configuration of the mesh, YAML or JSON: the keys of a MeshControlPlane spec')
    .option(
      '--secure-address <address>',
      'xDS and certificate service over TLS: host:port, :port, or off',
      addressOption,
      `:${ports.xds}`,
    )
    .option(
      '--plaintext-address <address>',
      'xDS without TLS; its callers are not authenticated, so give a loopback address (e.g. 127.0.0.1:15010)',
      addressOption,
    )
    .option(
      '--webhook-address <address>',
      'admission webhooks, HTTPS: host:port, :port, or off',
      addressOption,
      `:${ports.webhook}`,
    )
    .option(
      '--monitoring-address <address>',
      '/metrics, /healthz and /readyz: host:port, :port, or off',
      addressOption,
      `:${ports.istiodMonitoring}`,
    )
    .option(
      '--debug-address <address>',
      '/debug: what proxies were sent and should have; without authentication, so a loopback address, or off',
      loopbackOption,
      `127.0.0.1:${ports.istiodDebug}`,
    )
    .addOption(
      new Option('--pod-name <name>', 'pod of this replica, under whose name it reports its proxies').env('POD_NAME'),
    )
    .addOption(new Option('--pod-uid <uid>', 'uid of that pod').env('POD_UID'))
    .addOption(new Option('--log-format <format>', 'how log lines look').choices(['json', 'human']).default('json'))
    .addOption(
      new Option(
        '--log-level <levels>',
        'level (debug, info, warn, error, none), or levels by component: default:info,xds:debug',
      )
        .argParser(argument(parseLogLevels))
        .default(parseLogLevels('info'), 'info'),
    )
    .action(async (flags: Flags) => {
      const { runIstiod } = await import('./istiod.ts');
      await runIstiod(optionsOf(flags));
    });
}
