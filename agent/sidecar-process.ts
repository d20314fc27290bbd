import { mkdirSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spiffeId } from '../lib/identity.ts';
import type { Logger } from '../lib/logger.ts';
import { ports } from '../lib/ports.ts';
import { sidecar } from '../lib/sidecar.ts';
import { bootstrap } from './bootstrap/bootstrap.ts';
import { requestCertificate } from './certificate/authority-client.ts';
import { readIssued } from './certificate/issued-certificate.ts';
import type { IssuedCertificate } from './certificate/issued-certificate.ts';
import { makeKey } from './certificate/key.ts';
import { uniteBundles } from './certificate/pem-bundle.ts';
import { followFile } from './certificate/roots-file.ts';
import { makeSigningRequest } from './certificate/signing-request.ts';
import { systemClock, WorkloadCertificate } from './certificate/workload-certificate.ts';
import { envoyAdmin } from './envoy/admin.ts';
import { envoyArguments } from './envoy/arguments.ts';
import { drain, startDraining } from './envoy/drain.ts';
import { Readiness } from './envoy/readiness.ts';
import { EnvoySupervisor } from './envoy/supervisor.ts';
import { serveStreams } from './grpc/stream-server.ts';
import { readPodInfo } from './pod-info.ts';
import { FileSecrets } from './sds/file-secrets.ts';
import { SecretStore } from './sds/secret-store.ts';
import { secretStreams } from './sds/secret-streams.ts';
import type { AgentSettings } from './settings.ts';
import { sidecarMetrics } from './status/sidecar-metrics.ts';
import { serveStatus } from './status/status-server.ts';

/** How long one question to the certificate authority may take. */
const authorityTimeoutMs = 10_000;
/** How long Envoy may take to end after SIGTERM. */
const envoyGraceMs = 5000;

/**
 * Runs the sidecar until it is told to stop; resolves when Envoy has ended. Rejects when something that the sidecar can't
 * be without is missing at the start (a port, a writable folder).
 */
export async function runSidecar(settings: AgentSettings, log: Logger): Promise<void> {
  const store = new SecretStore();
  const admin = envoyAdmin();
  const envoy = makeSupervisor(settings, log);
  const certificate = makeCertificate(settings, store, log, () => envoy.start());
  const sdsLog = log.child('sds');
  const files = new FileSecrets(store, sdsLog);
  const streams = secretStreams(store, sdsLog, (name) => files.want(name));
  await serveStreams(sidecar.sdsSocket, streams);

  const stop = Promise.withResolvers<string>();
  const readiness = new Readiness(admin);
  const metrics = sidecarMetrics({ certificate, envoy });
  const app = appAddress(settings);
  await serveStatus(ports.agentStatus, {
    notReady: () =>
      certificate.current === undefined && envoy.pid === undefined
        ? Promise.resolve('the workload has no certificate yet')
        : readiness.check(envoy.pid),
    metrics: {
      admin,
      app: settings.appMetrics === undefined ? undefined : { metrics: settings.appMetrics, address: app },
      own: metrics.render,
      failed: (source, error) => {
        metrics.scrapeFailed(source);
        log.debug('a source of metrics could not be read', { source, error });
      },
    },
    probes: settings.probes,
    app,
    drain: () => startDraining(admin),
    quit: () => stop.resolve('/quitquitquit'),
  });
  // Before Envoy and the certificate: a stop may come at any time.
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.resolve(name));
  envoy.adopt();
  certificate.start();

  log.info('stopping', { reason: await stop.promise });
  certificate.stop();
  if (envoy.pid !== undefined) await drain(admin, settings.shutdown, log, (ms) => sleep(ms));
  await envoy.stop(envoyGraceMs);
}

function makeSupervisor(settings: AgentSettings, log: Logger): EnvoySupervisor {
  mkdirSync(sidecar.dataFolder, { recursive: true });
  const labels = readPodInfo(sidecar.podInfoFolder, 'labels');
  writeFileSync(sidecar.bootstrapFile, JSON.stringify(bootstrap(settings, labels, sidecar.sdsSocket), undefined, 2));
  return new EnvoySupervisor({
    program: sidecar.envoyBinary,
    args: envoyArguments(settings, sidecar.bootstrapFile),
    markFile: join(sidecar.dataFolder, 'envoy.pid'),
    log: log.child('envoy'),
  });
}

/** The certificate and the roots, kept up to date in `store`; `ready` is called whenever there is a new certificate. */
function makeCertificate(
  settings: AgentSettings,
  store: SecretStore,
  log: Logger,
  ready: () => void,
): WorkloadCertificate {
  let fileRoots = '';
  let issuedRoots = '';
  const publishRoots = (): void => {
    const refuse = (error: unknown): void => log.warn('a trusted root can not be read and is left out', { error });
    const roots = uniteBundles([fileRoots, issuedRoots], refuse);
    if (roots !== '') store.setRoots(sidecar.secrets.roots, roots);
  };
  const certificate = new WorkloadCertificate({
    log: log.child('certificate'),
    clock: systemClock,
    issue: () => issue(settings),
    use: ({ chain, privateKey, roots }) => {
      issuedRoots = roots;
      publishRoots();
      store.setCertificate(sidecar.secrets.workload, chain, privateKey);
      ready();
    },
  });
  followFile(sidecar.rootCertFile, log, (text) => {
    fileRoots = text;
    publishRoots();
    certificate.rootsChanged(text);
  });
  return certificate;
}

async function issue(settings: AgentSettings): Promise<IssuedCertificate> {
  const id = spiffeId(settings.identity);
  const key = await makeKey(settings.keyType);
  const answer = await requestCertificate(
    {
      address: settings.discoveryAddress,
      tokenFile: sidecar.tokenFile,
      rootCertFile: sidecar.rootCertFile,
      clusterId: settings.clusterId,
      lifetimeSeconds: settings.certificateLifetimeSeconds,
      timeoutMs: authorityTimeoutMs,
    },
    makeSigningRequest(key, id),
  );
  return readIssued(answer, key, id, Date.now());
}

function appAddress({ podIps }: AgentSettings): { readonly host: string; readonly localAddress: string } {
  const [host = '127.0.0.1'] = podIps;
  const { ipv4, ipv6 } = sidecar.uncapturedSource;
  return { host, localAddress: isIPv6(host) ? ipv6 : ipv4 };
}
