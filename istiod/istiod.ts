import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAudit } from '../ca/audit.ts';
import { createIssuanceMetrics, publishExpiry } from '../ca/issuance-metrics.ts';
import { certificateService } from '../ca/certificate-service.ts';
import type { AuthoritySource } from '../ca/root-source.ts';
import { openRootSource } from '../ca/root-source.ts';
import { rootSecretName } from '../ca/root-secret.ts';
import { serverNames } from '../ca/server-certificate.ts';
import { istiodName } from '../config/istiod-names.ts';
import type { IstiodConfig } from '../config/istiod-config.ts';
import { parseIstiodConfig } from '../config/istiod-config.ts';
import { createAuthenticator } from '../lib/authentication.ts';
import { durationMs } from '../lib/duration.ts';
import { GonePods } from '../lib/gone-pods.ts';
import { credentialsOf } from '../lib/grpc-credentials.ts';
import { unprovenCaller } from '../lib/identity.ts';
import { backoffMs } from '../lib/kube/backoff.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import { createInformer } from '../lib/kube/informer.ts';
import { secrets } from '../lib/kube/resources.ts';
import { reviewToken } from '../lib/kube/token-review.ts';
import { createLogger } from '../lib/log.ts';
import type { Logger } from '../lib/logger.ts';
import type { Registry } from '../lib/metrics.ts';
import { createRegistry } from '../lib/metrics.ts';
import { sidecar } from '../lib/sidecar.ts';
import { version } from '../lib/version.ts';
import type { Discovery } from '../xds/discovery.ts';
import { startDiscovery } from '../xds/discovery.ts';
import { startDebug } from './debug.ts';
import { serveGrpc } from './grpc-server.ts';
import { meshSettings } from './mesh-settings.ts';
import { startMonitoring } from './monitoring.ts';
import type { IstiodOptions } from './options.ts';
import { startProxyReport } from './proxy-report.ts';
import { ServingCertificate } from './serving-certificate.ts';
import { startWebhooks } from './webhooks.ts';

/** Everything that the parts of one replica share. */
interface Replica {
  readonly options: IstiodOptions;
  readonly config: IstiodConfig;
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly signal: AbortSignal;
  /** What still keeps this replica from serving, by name. */
  readonly waitingFor: Set<string>;
  /** Whose tokens are believed no longer. */
  readonly gonePods: GonePods;
  /** Run when the replica stops, once streams are ended. */
  readonly closers: (() => Promise<void>)[];
}

const servingCertificateTtlMs = 24 * 3_600_000;
const closeGraceMs = 5_000;

/** Runs one replica until SIGTERM or SIGINT, or until `stop` aborts. */
export async function runIstiod(options: IstiodOptions, stop = stopSignal()): Promise<void> {
  const logger = createLogger({ format: options.logFormat, levels: options.logLevels });
  // Also a replica that can't start stops all that it began, so that the process ends.
  const failed = new AbortController();
  const replica: Replica = {
    options,
    config: readConfig(options.config),
    client: loadKubeClient(options),
    logger: logger.child('istiod'),
    metrics: createRegistry(),
    signal: AbortSignal.any([stop, failed.signal]),
    waitingFor: new Set(['the first sync with the API server']),
    // For longer than anybody believes a token: this process for ten seconds, the API server for ten of its own.
    gonePods: new GonePods({ memoryMs: 60_000 }),
    closers: [],
  };
  replica.logger.info('starting', { version, revision: options.revision, namespace: options.namespace });
  try {
    await start(replica);
    await new Promise<void>((resolve) => {
      if (stop.aborted) resolve();
      else stop.addEventListener('abort', () => resolve(), { once: true });
    });
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    replica.logger.info('stopping');
    failed.abort();
    await closeAll(replica);
  }
}

/** All at once, so that the slowest decides; what one part fails with does not keep the others from closing. */
async function closeAll({ closers, client, logger }: Replica): Promise<void> {
  const close = (closer: () => Promise<void>): Promise<void> =>
    closer().catch((error: unknown) => logger.error('a part of this replica did not close', { error }));
  await Promise.all(closers.map(close));
  await client.close();
}

async function start(replica: Replica): Promise<void> {
  const { options, config, client, logger, metrics, signal, waitingFor } = replica;
  const monitoring = await startMonitoring(options.monitoringAddress, { waitingFor, logger, metrics });
  if (monitoring !== undefined) replica.closers.push(() => monitoring.close());
  const secure = options.secureAddress !== undefined || options.webhookAddress !== undefined;
  if (secure) waitingFor.add('the certificate authority');
  const settings = meshSettings(config, options.namespace);
  const authority = secure ? openAuthority(replica) : undefined;
  // It is awaited later; being told to stop before that is no error that nobody handles.
  authority?.catch(() => undefined);
  const discovery = await startDiscovery({
    ...{ client, settings, logger: logger.child('xds'), metrics, signal },
    onPodGone: (uid) => replica.gonePods.add(uid),
    debug: { namespace: options.namespace, replica: { pod: options.podName ?? hostname(), version } },
  });
  waitingFor.delete('the first sync with the API server');
  if (options.debugAddress !== undefined) {
    const debug = await startDebug(options.debugAddress, discovery.debug, logger.child('debug'));
    replica.closers.push(() => debug.close());
  }
  if (options.plaintextAddress !== undefined) await servePlaintext(replica, discovery, options.plaintextAddress);
  if (authority !== undefined) await serveSecurely(replica, discovery, await authority);
  if (options.podName !== undefined) {
    const { namespace, revision, podName: name, podUid } = options;
    const pod = { name, ...(podUid === undefined ? {} : { uid: podUid }) };
    replica.closers.push(
      startProxyReport({ client, namespace, revision, pod, status: discovery.status, logger: logger.child('report') }),
    );
  }
  logger.info('ready');
}

async function servePlaintext(replica: Replica, discovery: Discovery, address: string): Promise<void> {
  const ads = discovery.server(() => Promise.resolve(unprovenCaller));
  const server = await serveGrpc({ address, methods: ads.methods, logger: replica.logger });
  replica.closers.push(() => server.close(closeGraceMs));
  replica.logger.warn('serving xDS without TLS and without authentication', { address });
}

async function serveSecurely(replica: Replica, discovery: Discovery, authority: AuthoritySource): Promise<void> {
  const { options, config, client, logger, metrics, signal, waitingFor } = replica;
  const { trustDomain, clusterDomain } = config.meshConfig;
  const certificate = await ServingCertificate.issue({
    authority,
    dnsNames: serverNames(istiodName(options.revision), options.namespace, clusterDomain),
    ttlMs: servingCertificateTtlMs,
    logger,
    signal,
  });
  if (options.secureAddress !== undefined) {
    const authenticate = createAuthenticator({
      trustDomain,
      reviewToken: (token) => reviewToken(client, token, sidecar.tokenAudience),
      audience: sidecar.tokenAudience,
      isPodGone: (uid) => replica.gonePods.has(uid),
    });
    const issuanceMetrics = createIssuanceMetrics(metrics);
    publishExpiry(metrics, () => authority.current);
    const certificates = certificateService({
      authority: () => authority.current,
      authenticate,
      limits: {
        defaultTtlSeconds: (durationMs(config.ca.workloadCertTTL) ?? 0) / 1000,
        maxTtlSeconds: (durationMs(config.ca.maxWorkloadCertTTL) ?? 0) / 1000,
      },
      audit: createAudit(logger.child('audit')),
      logger: logger.child('ca'),
      metrics: issuanceMetrics,
    });
    const ads = discovery.server((call) => authenticate(credentialsOf(call)));
    const server = await serveGrpc({
      address: options.secureAddress,
      tls: { certificate, authority },
      methods: { ...ads.methods, ...certificates },
      logger,
    });
    replica.closers.push(() => server.close(closeGraceMs));
    logger.info('serving xDS and certificates', { address: options.secureAddress });
  }
  if (options.webhookAddress !== undefined) {
    const webhooks = await startWebhooks({
      address: options.webhookAddress,
      client,
      config,
      revision: options.revision,
      serviceHost: `${istiodName(options.revision)}.${options.namespace}.svc`,
      certificate,
      logger: logger.child('webhooks'),
      metrics,
      signal,
    });
    replica.closers.push(() => webhooks.close());
  }
  waitingFor.delete('the certificate authority');
}

/**
 * Opens the root, making it when there is none. Whatever keeps it from that (a namespace that is not there yet, a Secret
 * that somebody has to mend) is said and tried again, while plaintext xDS goes on.
 */
async function openAuthority({ options, config, client, logger, metrics, signal }: Replica): Promise<AuthoritySource> {
  const caLogger = logger.child('ca');
  const { namespace } = options;
  const informer = createInformer(client, secrets, {
    namespace,
    fieldSelector: `metadata.name=${rootSecretName}`,
    logger: caLogger,
    metrics,
  });
  informer.start(signal);
  for (let failures = 1; ; failures++) {
    try {
      return await openRootSource({
        client,
        informer,
        namespace,
        trustDomain: config.meshConfig.trustDomain,
        keyType: config.ca.keyType,
        ...lifetime(config.ca.rootTTL),
        logger: caLogger,
        signal,
      });
    } catch (error) {
      caLogger.error('cannot open the certificate authority; trying again', { namespace, error });
      await sleep(backoffMs(failures, { baseMs: 500, maxMs: 30_000, jitter: 0.2 }), undefined, { signal });
    }
  }
}

function lifetime(rootTtl: string): { readonly lifetimeMs?: number } {
  const lifetimeMs = durationMs(rootTtl);
  return lifetimeMs === undefined ? {} : { lifetimeMs };
}

function readConfig(file: string | undefined): IstiodConfig {
  if (file === undefined) return parseIstiodConfig('');
  try {
    return parseIstiodConfig(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`cannot read the configuration ${file}`, { cause });
  }
}

function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
