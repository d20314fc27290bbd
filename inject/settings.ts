import type { IstiodConfig } from '../config/istiod-config.ts';
import { durationMs } from '../lib/duration.ts';
import type { InjectionPolicy } from './decision.ts';

/** Amounts by resource, as in core/v1 ResourceRequirements. */
export interface Resources {
  readonly requests?: Readonly<Record<string, string | number>>;
  readonly limits?: Readonly<Record<string, string | number>>;
}

/** What the sidecars of one revision are like; annotations of a pod change some of it for that pod. */
export interface InjectionSettings extends InjectionPolicy {
  readonly image: string;
  readonly imagePullPolicy?: string;
  /** Secrets of the pod's own namespace. */
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly resources: Resources;
  /** `host:port` of istiod's TLS port. */
  readonly discoveryAddress: string;
  readonly trustDomain: string;
  readonly clusterDomain: string;
  readonly clusterId: string;
  /** Native sidecar (Kubernetes 1.29 and later) or an ordinary container. */
  readonly nativeSidecar: boolean;
  readonly holdApplicationUntilProxyStarts: boolean;
  readonly rewriteProbes: boolean;
  readonly mergeMetrics: boolean;
  readonly proxyLogLevel: string;
  readonly proxyComponentLogLevel: string;
  readonly agentLogLevel: string;
  /** Envoy's worker threads; 0 for one a core. */
  readonly concurrency: number;
  readonly terminationDrainSeconds: number;
  readonly workloadKeyType: string;
  readonly workloadCertificateSeconds: number;
}

/** What a revision's configuration does not say: where its istiod runs. */
export interface RevisionPlace {
  readonly revision: string;
  readonly discoveryAddress: string;
  readonly clusterId: string;
  /** Whether the cluster's kubelets know native sidecars. */
  readonly nativeSidecarsSupported: boolean;
}

/** Throws an Error when the configuration lacks the sidecar's image. */
export function injectionSettings(config: IstiodConfig, place: RevisionPlace): InjectionSettings {
  const { injection, proxy, meshConfig, ca, telemetry } = config;
  if (proxy.image === undefined)
    throw new Error('proxy.image is not set: sidecars cannot be injected without an image');
  return {
    revision: place.revision,
    policy: injection.policy,
    enableNamespacesByDefault: injection.enableNamespacesByDefault,
    neverInjectSelector: injection.neverInjectSelector,
    alwaysInjectSelector: injection.alwaysInjectSelector,
    image: proxy.image,
    ...(proxy.imagePullPolicy === undefined ? {} : { imagePullPolicy: proxy.imagePullPolicy }),
    ...(proxy.imagePullSecrets === undefined ? {} : { imagePullSecrets: proxy.imagePullSecrets }),
    resources: proxy.resources,
    discoveryAddress: place.discoveryAddress,
    trustDomain: meshConfig.trustDomain,
    clusterDomain: meshConfig.clusterDomain,
    clusterId: place.clusterId,
    nativeSidecar: injection.nativeSidecar && place.nativeSidecarsSupported,
    holdApplicationUntilProxyStarts: meshConfig.defaultConfig.holdApplicationUntilProxyStarts,
    rewriteProbes: injection.rewriteAppHTTPProbers,
    mergeMetrics: telemetry.metrics.merge,
    proxyLogLevel: proxy.logLevel,
    proxyComponentLogLevel: proxy.componentLogLevel,
    agentLogLevel: proxy.agentLogLevel,
    concurrency: meshConfig.defaultConfig.concurrency,
    terminationDrainSeconds: seconds(meshConfig.defaultConfig.terminationDrainDuration),
    workloadKeyType: ca.workloadKeyType,
    workloadCertificateSeconds: seconds(ca.workloadCertTTL),
  };
}

function seconds(duration: string): number {
  const ms = durationMs(duration);
  if (ms === undefined) throw new Error(`"${duration}" is not a duration`);
  return Math.ceil(ms / 1000);
}
