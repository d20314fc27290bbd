import { coalesce } from '../lib/coalesce.ts';
import type { GrpcCall } from '../lib/grpc-server/methods.ts';
import type { Caller } from '../lib/identity.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import type { Logger } from '../lib/logger.ts';
import type { Registry } from '../lib/metrics.ts';
import type { DebugRequest, Replica } from './debug/ads-answers.ts';
import { debugResponse } from './debug/ads-answers.ts';
import { publishMeshSize } from './debug/mesh-metrics.ts';
import type { DebugState } from './debug/state.ts';
import type { MeshSettings } from './model/mesh-settings.ts';
import type { MeshChange } from './model/mesh.ts';
import type { Workload } from './model/workload.ts';
import { followKubernetes } from './registry/kubernetes-source.ts';
import { MeshStore } from './registry/mesh-store.ts';
import { AdsServer } from './serve/ads-server.ts';
import type { Proxy } from './serve/proxy.ts';
import type { PushTrigger } from './serve/serve-metrics.ts';
import { ServeMetrics } from './serve/serve-metrics.ts';
import { SnapshotEngine } from './snapshot/snapshot-engine.ts';

/** A lone change leaves after a few milliseconds; a storm is sent ten times a second. */
const coalescing = { quietMs: 5, maxMs: 100, burst: 5 };

export interface DiscoveryOptions {
  readonly client: KubeClient;
  readonly settings: MeshSettings;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly signal: AbortSignal;
  /** Told of each pod that is gone, by uid: nobody speaks for it any more. */
  readonly onPodGone?: ((uid: string) => void) | undefined;
  /** The control plane's namespace, whose callers istioctl's requests are answered to, and who answers them. */
  readonly debug: { readonly namespace: string; readonly replica: Replica };
}

/** Proves who calls; rejects with an Error whose message may be told to the caller. */
export type AuthenticateStream = (call: GrpcCall) => Promise<Caller>;

/** Service discovery and proxy configuration: from the Kubernetes API to the proxies' streams. */
export interface Discovery {
  /** The same streams, however their callers are authenticated. */
  server(authenticate: AuthenticateStream): AdsServer;
  /** What debug pages show. */
  readonly debug: DebugState;
  readonly status: () => { readonly connected: number; readonly synced: number };
}

/** Resolves once all that the API server has is in the mesh. When the signal aborts, all streams end with a retryable status. */
export async function startDiscovery(options: DiscoveryOptions): Promise<Discovery> {
  const { client, settings, logger, metrics, signal, onPodGone } = options;
  const serveMetrics = new ServeMetrics(metrics);
  const servers: AdsServer[] = [];
  const pushes = coalesce({
    ...coalescing,
    run: (triggeredAt) => {
      try {
        const told = engine.refresh(triggeredAt);
        serveMetrics.debounced((performance.now() - triggeredAt) / 1000);
        for (const reason of reasons) serveMetrics.triggered(reason, told);
        reasons.clear();
      } catch (error) {
        logger.error('cannot work out the configuration; proxies keep what they have', { error });
      }
    },
  });
  const store = new MeshStore(settings);
  const engine = new SnapshotEngine(store, logger.child('snapshot'));
  const reasons = new Set<PushTrigger>();
  store.onChange(({ question, about }) => {
    reasons.add(pushTriggers[question]);
    if (question === 'endpoints') serveMetrics.updated('eds');
    else if (question === 'service') serveMetrics.updated(store.service(about) === undefined ? 'svcdelete' : 'svc');
    else if (pushTriggers[question] === 'config') serveMetrics.updated('config');
    pushes.trigger();
  });
  await followKubernetes({ client, store, logger: logger.child('registry'), metrics, signal, onPodGone });
  publishMeshSize(metrics, {
    services: () => store.serviceCount,
    virtualServices: () => store.virtualServiceCount,
  });
  signal.addEventListener('abort', () => {
    pushes.stop();
    for (const server of servers) server.close();
  });
  logger.info('the mesh is known', { services: store.serviceCount, workloads: store.workloadCount });
  const debug: DebugState = {
    connections: () => servers.flatMap((server) => [...server.connections]),
    services: () =>
      store.services().map(({ hostname, namespace }) => ({
        ...{ hostname, namespace, endpoints: store.endpoints(hostname) },
      })),
    trustDomain: settings.trustDomain,
  };
  const { namespace, replica } = options.debug;
  const respond = (request: DebugRequest): Promise<Uint8Array> => debugResponse(debug, request, replica);
  return {
    server(authenticate) {
      const server = new AdsServer({
        authenticate,
        configurationOf: (proxy, onChange, routeForm) => engine.open(declaredWorkload(proxy), onChange, routeForm),
        logger: logger.child('ads'),
        metrics: serveMetrics,
        debug: { namespace, respond },
      });
      servers.push(server);
      if (signal.aborted) server.close();
      return server;
    },
    debug,
    status: () => {
      const connections = servers.flatMap((server) => [...server.connections]);
      const synced = connections.filter(({ subscriptions }) =>
        [...subscriptions.values()].every(({ settled, lastError }) => settled && lastError === undefined),
      );
      return { connected: connections.length, synced: synced.length };
    },
  };
}

/** What changes of the mesh are in Istio's words (`pilot_push_triggers`). */
const pushTriggers: Readonly<Record<MeshChange['question'], PushTrigger>> = {
  settings: 'global',
  service: 'service',
  servicesMatching: 'service',
  servicesSelecting: 'service',
  endpoints: 'endpoint',
  hostsAt: 'endpoint',
  workload: 'endpoint',
  locality: 'endpoint',
  virtualServices: 'config',
  destinationRules: 'config',
  peerAuthentications: 'config',
  clientTraits: 'config',
};

/** The workload as the proxy itself describes it, for where Kubernetes knows no pod at its address. */
function declaredWorkload(proxy: Proxy): Workload {
  const { workload, pod, namespace, serviceAccount, addresses, labels } = proxy;
  return { name: workload, pod, namespace, serviceAccount, addresses, labels, containerPorts: [] };
}
