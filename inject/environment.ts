import { podOwner, workloadName } from '../lib/kube/pod-owner.ts';
import { sidecarEnvironment as names } from '../lib/sidecar.ts';
import type { AppProbe } from '../lib/sidecar.ts';
import { ownerUri } from './canonical-service.ts';
import type { JsonObject, Pod } from './pod.ts';
import type { PodOptions } from './pod-options.ts';
import type { MergedMetrics } from './prometheus.ts';
import type { InjectionSettings } from './settings.ts';

export interface EnvironmentParts {
  readonly pod: Pod;
  readonly namespace: string;
  readonly settings: InjectionSettings;
  readonly options: PodOptions;
  readonly probers: Readonly<Record<string, AppProbe>>;
  readonly applicationMetrics: MergedMetrics['application'];
}

/** The sidecar's environment, see `lib/sidecar.ts`; a later variable of the same name wins. */
export function sidecarVariables(parts: EnvironmentParts): readonly JsonObject[] {
  const { options } = parts;
  const byName = new Map<string, JsonObject>();
  for (const variable of [
    ...podVariables(),
    ...meshVariables(parts),
    ...workloadVariables(parts),
    ...applicationVariables(parts),
    ...(options.resources.limits?.cpu === undefined ? [] : [resource(names.cpuLimit, 'limits.cpu')]),
    ...Object.entries(options.proxyMetadata).map(([name, text]) => value(name, text)),
  ]) {
    byName.set(variable.name, variable);
  }
  return [...byName.values()];
}

interface Variable extends JsonObject {
  readonly name: string;
}

/** What only the kubelet knows. */
function podVariables(): readonly Variable[] {
  return [
    field(names.podName, 'metadata.name'),
    field(names.podNamespace, 'metadata.namespace'),
    field(names.podIps, 'status.podIPs'),
    field(names.hostIp, 'status.hostIP'),
    field(names.nodeName, 'spec.nodeName'),
    field(names.serviceAccount, 'spec.serviceAccountName'),
  ];
}

function meshVariables({ settings, options }: EnvironmentParts): readonly Variable[] {
  return [
    value(names.discoveryAddress, options.discoveryAddress),
    value(names.trustDomain, settings.trustDomain),
    value(names.clusterDomain, settings.clusterDomain),
    value(names.clusterId, settings.clusterId),
    value('ISTIO_META_MESH_ID', settings.trustDomain),
    value(names.revision, settings.revision),
    value(names.workloadKeyType, settings.workloadKeyType),
    value(names.secretTtlSeconds, String(settings.workloadCertificateSeconds)),
    value(names.proxyLogLevel, options.proxyLogLevel),
    value(names.proxyComponentLogLevel, options.proxyComponentLogLevel),
    value(names.agentLogLevel, options.agentLogLevel),
    value(names.concurrency, String(options.concurrency)),
    value(names.terminationDrainSeconds, String(options.terminationDrainSeconds)),
    value(names.nativeSidecar, String(options.native)),
    value(names.interceptionMode, options.interceptionMode),
  ];
}

function workloadVariables({ pod, namespace }: EnvironmentParts): readonly Variable[] {
  const owner = podOwner(pod.metadata);
  const name = workloadName(pod.metadata);
  return [
    // A pod whose name the API server has yet to make up is named by the kubelet's POD_NAME.
    ...(name === '' ? [] : [value(names.workloadName, name)]),
    ...(owner === undefined ? [] : [value('ISTIO_META_OWNER', ownerUri(owner, namespace))]),
  ];
}

function applicationVariables({ pod, probers, applicationMetrics }: EnvironmentParts): readonly Variable[] {
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
  return [
    value('ISTIO_META_APP_CONTAINERS', pod.spec.containers.map(({ name }) => name).join(',')),
    value(names.podPorts, JSON.stringify(ports)),
    ...(Object.keys(probers).length === 0 ? [] : [value(names.appProbers, JSON.stringify(probers))]),
    ...(applicationMetrics === undefined
      ? []
      : [value(names.prometheusAnnotations, JSON.stringify(applicationMetrics))]),
  ];
}

function value(name: string, text: string): Variable {
  return { name, value: text };
}

function field(name: string, fieldPath: string): Variable {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

function resource(name: string, path: string): Variable {
  return { name, valueFrom: { resourceFieldRef: { resource: path } } };
}
