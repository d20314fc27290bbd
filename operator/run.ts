import type { KubeClient } from '../lib/kube/client.ts';
import { createEventRecorder } from '../lib/kube/events.ts';
import type { EventRecorder } from '../lib/kube/events.ts';
import { fencedClient } from '../lib/kube/fenced-client.ts';
import type { LeaseTimes } from '../lib/kube/lease.ts';
import { runLeaderElection } from '../lib/kube/lease.ts';
import type { LeadershipTerm } from '../lib/kube/lease-term.ts';
import { soleTerm } from '../lib/kube/lease-term.ts';
import type { HttpServer } from '../lib/http-server.ts';
import { startHttpServer } from '../lib/http-server.ts';
import type { Logger } from '../lib/logger.ts';
import type { Registry } from '../lib/metrics.ts';
import { createRegistry, renderMetrics } from '../lib/metrics.ts';
import { reviewContext } from './admission/context.ts';
import { AdmissionServer } from './admission/server.ts';
import type { AdmissionEndpoint } from './admission/webhook-configuration.ts';
import type { Caches } from './caches.ts';
import { createCaches, informersOf, storesOf } from './caches.ts';
import type { OperatorDefaults } from './components/revision.ts';
import { MeshOperator } from './mesh-operator.ts';
import { countingWrites, measureControlPlanes } from './metrics.ts';
import { keepOperatorCondition } from './operator-condition.ts';
import { readiness } from './readiness-probe.ts';
import { Preflights } from './preflight/preflights.ts';
import { FreshObjects } from './reconcile/fresh-objects.ts';
import { Upgrades } from './upgrade/upgrades.ts';

export interface OperatorOptions {
  readonly client: KubeClient;
  /** Namespace of the lease that replicas compete for. */
  readonly namespace: string;
  /** Of this replica, unique among all. */
  readonly identity: string;
  /** `host:port` of `/metrics`. */
  readonly metricsAddress: string;
  /** `host:port` of `/healthz` and `/readyz`. */
  readonly healthAddress: string;
  /** Without it, this process takes itself for the only one. */
  readonly leaderElect: boolean;
  /** How long the lease lasts; `defaultLeaseTimes` for what is not given. */
  readonly leaseTimes?: Partial<LeaseTimes>;
  readonly defaults: OperatorDefaults;
  /** Name of the OperatorCondition, in the same namespace, by which OLM is told when it has to wait. */
  readonly operatorCondition?: string;
  /** The admission webhook; without it, nothing is judged before it is stored. */
  readonly admission?: {
    /** `host:port` that it listens on. */
    readonly address: string;
    readonly endpoint: AdmissionEndpoint;
  };
  readonly logger: Logger;
  /** By default one of its own, with the process's metrics. */
  readonly metrics?: Registry;
}

/** Name of the Lease. */
export const leaseName = 'meltemi-operator';

/**
 * Runs the operator until the signal aborts; then it lets running reconciles end, gives up its lease and closes its
 * servers. Every replica follows the cluster by its informers, so that a new leader starts from a warm cache.
 */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { logger, metrics = createRegistry() } = options;
  const client = countingWrites(options.client, metrics, logger.child('client'));
  const caches = createCaches(client, logger, metrics);
  const informers = new AbortController();
  const events = createEventRecorder({
    client,
    controller: 'meltemi.dev/operator',
    instance: options.identity,
    logger: logger.child('events'),
  });
  const admission = admissionServer(options, caches, metrics);
  const servers = await startServers(options, caches, metrics, admission);
  let admitting: Promise<void> | undefined;
  try {
    for (const informer of informersOf(caches)) informer.start(informers.signal);
    admitting = admission && admit(admission, caches, informers.signal);
    await lead(
      { ...options, metrics },
      (stop, term) =>
        runTerm(
          { ...options, client: fencedClient(client, term), uncounted: options.client, metrics },
          caches,
          events,
          stop,
        ),
      signal,
    );
  } finally {
    await events.flush();
    informers.abort();
    await admitting;
    await Promise.all(informersOf(caches).map(({ stopped }) => stopped));
    await Promise.all(servers.map((server) => server.close()));
  }
}

type WithMetrics = OperatorOptions & { readonly metrics: Registry };

/** Has `work` run while this replica leads. The election's own client is not counted: it writes all the time. */
async function lead(
  options: WithMetrics,
  work: (signal: AbortSignal, term: LeadershipTerm) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (!options.leaderElect) {
    await work(signal, soleTerm);
    return;
  }
  const { client, namespace, identity, leaseTimes = {}, logger, metrics } = options;
  await runLeaderElection(
    {
      client,
      namespace,
      name: leaseName,
      identity,
      logger: logger.child('leader-election'),
      metrics,
      times: leaseTimes,
      onStartedLeading: work,
    },
    signal,
  );
}

function admissionServer(
  { client, namespace, admission, defaults, logger }: OperatorOptions,
  caches: Caches,
  metrics: Registry,
): AdmissionServer | undefined {
  if (admission === undefined) return undefined;
  const context = reviewContext({ client, stores: storesOf(caches), defaults });
  const now = (): Date => new Date();
  return new AdmissionServer({
    ...{ client, namespace, ...admission },
    ...{ context, logger: logger.child('admission'), metrics, now },
  });
}

/** On every replica, as soon as it knows what to judge by. */
async function admit(server: AdmissionServer, caches: Caches, signal: AbortSignal): Promise<void> {
  if (await untilSynced(caches, signal)) await server.run(signal);
}

/** `uncounted` is for what the API server answers and does not store: access reviews. */
type Term = WithMetrics & { readonly uncounted: KubeClient };

/** One term of leadership. */
async function runTerm(
  { client, uncounted, namespace, defaults, operatorCondition, logger, metrics }: Term,
  caches: Caches,
  events: EventRecorder,
  signal: AbortSignal,
): Promise<void> {
  if (!(await untilSynced(caches, signal))) return;
  logger.info('leading: MeshControlPlanes are reconciled by this replica', { version: defaults.version });
  const { meshNamespaces } = defaults;
  const stores = { ...storesOf(caches), ...(meshNamespaces === undefined ? {} : { meshNamespaces }) };
  const fresh = new FreshObjects();
  const now = (): Date => new Date();
  const preflights = new Preflights({
    ...{ client: uncounted, writer: client, stores, events, now, logger: logger.child('preflight') },
    version: defaults.version,
  });
  const objections = (name: string): readonly string[] => preflights.objections(name);
  const upgrades = new Upgrades({ client, stores, fresh, now, objections, logger: logger.child('upgrade') });
  const operator = new MeshOperator({
    client,
    caches,
    stores,
    fresh,
    upgrades,
    defaults,
    events,
    now,
    logger,
    metrics,
  });
  await Promise.all([
    operator.run(signal).finally(() => upgrades.stop()),
    preflights.run(signal),
    ...(operatorCondition === undefined
      ? []
      : [
          keepOperatorCondition(
            { client, ref: { namespace, name: operatorCondition }, controlPlanes: caches.controlPlanes, now, logger },
            signal,
          ),
        ]),
  ]);
}

/** False when the signal aborts before. */
async function untilSynced(caches: Caches, signal: AbortSignal): Promise<boolean> {
  const synced = Promise.all(informersOf(caches).map((informer) => informer.synced())).then(() => true);
  const aborted = new Promise<boolean>((resolve) => {
    if (signal.aborted) resolve(false);
    signal.addEventListener('abort', () => resolve(false), { once: true });
  });
  return Promise.race([synced, aborted]);
}

async function startServers(
  options: OperatorOptions,
  caches: Caches,
  metrics: Registry,
  admission: AdmissionServer | undefined,
): Promise<readonly HttpServer[]> {
  const logger = options.logger.child('http');
  const health = await startHttpServer({
    address: options.healthAddress,
    logger,
    routes: {
      '/healthz': () => ({ body: 'ok\n' }),
      '/readyz': () => readiness({ informers: informersOf(caches), admission }),
    },
  });
  const metricsServer = await startHttpServer({
    address: options.metricsAddress,
    logger,
    routes: {
      '/metrics': () => {
        measureControlPlanes(metrics, storesOf(caches));
        return renderMetrics(metrics);
      },
    },
  });
  return [health, metricsServer];
}
