import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import { durationMs } from '../lib/duration.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import { defaultLeaseTimes } from '../lib/kube/lease.ts';
import { argument } from '../lib/command-options.ts';
import type { LabelSelector } from '../lib/kube/object.ts';
import type { Logger, LogLevels } from '../lib/logger.ts';
import { createLogger, parseLogLevels } from '../lib/log.ts';
import { parseAddress } from '../lib/http-server.ts';
import { projectImages } from '../lib/images.ts';
import { version } from '../lib/version.ts';
import { parseMeshNamespaces } from './mesh-namespaces.ts';
import type { OperatorOptions } from './run.ts';
import type { ReleaseImages } from './versions/release-images.ts';
import { parseReleaseImages } from './versions/release-images.ts';

/** The flags as commander gives them. */
interface Flags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: string;
  readonly metricsAddress: string;
  readonly healthAddress: string;
  readonly webhookAddress: string;
  readonly webhookService?: string;
  readonly leaderElect: boolean;
  readonly leaderElectLeaseDuration: number;
  readonly leaderElectRenewDeadline: number;
  readonly leaderElectRetryPeriod: number;
  readonly logLevel: LogLevels;
  readonly logFormat: 'json' | 'human';
  readonly istiodImage: string;
  readonly proxyImage: string;
  readonly releaseImages: ReleaseImages;
  readonly istiodPullSecrets: readonly string[];
  readonly proxyPullSecrets: readonly string[];
  readonly meshNamespaces?: LabelSelector;
}

/** `meltemi operator`. */
export function operatorCommand(): Command {
  const images = projectImages();
  return new Command('operator')
    .summary('run the operator')
    .description(
      'Runs the operator: it brings up a control plane for each MeshControlPlane, keeps it as it has to be, and tells ' +
        'in the status of the object what became of it.',
    )
    .option('--kubeconfig <file>', "kubeconfig file (default: $KUBECONFIG, ~/.kube/config, the pod's service account)")
    .option('--context <name>', "context of the kubeconfig (default: the file's current one)")
    .addOption(
      new Option('--namespace <name>', 'namespace of the lease that replicas compete for')
        .env('POD_NAMESPACE')
        .default('meltemi-system'),
    )
    .option('--metrics-address <host:port>', 'where /metrics is served', argument(checkedAddress), ':8080')
    .option('--health-address <host:port>', 'where /healthz and /readyz are served', argument(checkedAddress), ':8081')
    .option('--webhook-address <host:port>', 'where admission is served', argument(checkedAddress), ':9443')
    .option('--webhook-service <name>', 'Service of the namespace that leads there (default: no admission)')
    .option('--leader-elect', 'compete for leadership, so that several replicas can run', true)
    .option('--no-leader-elect', 'take this process for the only replica')
    .addOption(
      leaseTime('--leader-elect-lease-duration', 'others take over from a leader not seen for this long').default(
        defaultLeaseTimes.leaseDurationMs,
        '11s',
      ),
    )
    .addOption(
      leaseTime('--leader-elect-renew-deadline', 'a leader that cannot renew its lease for this long stops').default(
        defaultLeaseTimes.renewDeadlineMs,
        '7s',
      ),
    )
    .addOption(
      leaseTime('--leader-elect-retry-period', 'between two tries to get or renew the lease').default(
        defaultLeaseTimes.retryPeriodMs,
        '1s',
      ),
    )
    .addOption(
      new Option('--log-level <levels>', 'debug, info, warn, error, none; or by component: default:info,informer:debug')
        .argParser(argument(parseLogLevels))
        .default(parseLogLevels('info'), 'info'),
    )
    .addOption(new Option('--log-format <format>', 'how a line is written').choices(['json', 'human']).default('json'))
    .option('--istiod-image <image>', 'image of the control plane, where spec.pilot.image names none', images.istiod)
    .option('--proxy-image <image>', 'image of the sidecar, where spec.proxy.image names none', images.proxy)
    .addOption(
      new Option('--release-images <list>', 'images of other versions: VERSION:istiod=IMAGE,VERSION:proxy=IMAGE,…')
        .env('MELTEMI_RELEASE_IMAGES')
        .argParser(argument(parseReleaseImages))
        .default(new Map(), 'the same repositories, the version as tag'),
    )
    .option('--istiod-pull-secrets <names>', 'where spec.pilot.imagePullSecrets is not set', argument(names), [])
    .option('--proxy-pull-secrets <names>', 'where spec.proxy.imagePullSecrets is not set', argument(names), [])
    .option(
      '--mesh-namespaces <selector>',
      'namespaces of the mesh, a label selector as JSON (default: all)',
      argument(parseMeshNamespaces),
    )
    .addHelpText('after', environmentHelp)
    .action(async (flags: Flags) => runUntilSignal(flags));
}

const environmentHelp = `
Environment:
  POD_NAMESPACE  as --namespace
  POD_NAME       name of this replica in the lease (default: the host's name and a random part)
  OPERATOR_CONDITION_NAME
                 set by OLM: the OperatorCondition in which the operator says when it must not be upgraded

The operator ends on SIGTERM and SIGINT, after running reconciles and with its lease released.`;

function leaseTime(name: string, description: string): Option {
  return new Option(`${name} <duration>`, description).argParser(argument(milliseconds));
}

function milliseconds(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined || ms < 1) throw new Error('a time such as 500ms or 12s is wanted');
  return ms;
}

function checkedAddress(address: string): string {
  parseAddress(address);
  return address;
}

/** `a,b` */
function names(list: string): readonly string[] {
  const wrong = list.split(',').find((name) => !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name));
  if (wrong !== undefined) throw new Error(`"${wrong}" is no name of a Secret; wanted are names with commas between`);
  return list.split(',');
}

async function runUntilSignal(flags: Flags): Promise<void> {
  const logger = createLogger({ format: flags.logFormat, levels: flags.logLevel }).child('operator');
  const stopping = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    logger.info('stopping', { signal: name });
    stopping.abort();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const options = optionsOf(flags, logger);
  logger.info('starting', { version, server: options.client.server, identity: options.identity });
  const { runOperator } = await import('./run.ts');
  try {
    await runOperator(options, stopping.signal);
  } finally {
    await options.client.close();
  }
}

function optionsOf(flags: Flags, logger: Logger): OperatorOptions {
  const { kubeconfig, context, namespace, metricsAddress, healthAddress, leaderElect, logFormat } = flags;
  const { webhookService: service } = flags;
  const operatorCondition = process.env['OPERATOR_CONDITION_NAME'] ?? '';
  return {
    client: loadKubeClient({
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
    }),
    namespace,
    identity: process.env['POD_NAME'] ?? `${hostname()}-${randomBytes(4).toString('hex')}`,
    metricsAddress,
    healthAddress,
    leaderElect,
    leaseTimes: {
      leaseDurationMs: flags.leaderElectLeaseDuration,
      renewDeadlineMs: flags.leaderElectRenewDeadline,
      retryPeriodMs: flags.leaderElectRetryPeriod,
    },
    defaults: {
      version,
      images: { istiod: flags.istiodImage, proxy: flags.proxyImage },
      releaseImages: flags.releaseImages,
      logFormat,
      pullSecrets: { istiod: flags.istiodPullSecrets.map(named), proxy: flags.proxyPullSecrets.map(named) },
      ...(flags.meshNamespaces === undefined ? {} : { meshNamespaces: flags.meshNamespaces }),
    },
    ...(operatorCondition === '' ? {} : { operatorCondition }),
    ...(service === undefined ? {} : { admission: { address: flags.webhookAddress, endpoint: { service } } }),
    logger,
  };
}

function named(name: string): { readonly name: string } {
  return { name };
}
