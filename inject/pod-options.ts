import { ports } from '../lib/ports.ts';
import { uncapturedInboundPorts } from '../lib/sidecar.ts';
import { AnnotationReader } from './annotation-reader.ts';
import { annotations as names, annotationsWithoutEffect } from './names.ts';
import type { JsonObject, Pod } from './pod.ts';
import { parseProxyConfig } from './proxy-config.ts';
import type { InjectionSettings, Resources } from './settings.ts';

/** The revision's settings with what one pod's annotations say. */
export interface PodOptions {
  readonly image: string;
  readonly resources: Resources;
  readonly discoveryAddress: string;
  readonly native: boolean;
  readonly hold: boolean;
  readonly rewriteProbes: boolean;
  readonly mergeMetrics: boolean;
  readonly proxyLogLevel: string;
  readonly proxyComponentLogLevel: string;
  readonly agentLogLevel: string;
  readonly concurrency: number;
  readonly terminationDrainSeconds: number;
  readonly interceptionMode: 'REDIRECT' | 'NONE';
  readonly capture: CaptureRules;
  /** Undefined when the sidecar's readiness is not to count. */
  readonly readiness: ReadinessTimes | undefined;
  readonly proxyMetadata: Readonly<Record<string, string>>;
  readonly userVolumes: Readonly<Record<string, JsonObject>>;
  readonly userVolumeMounts: Readonly<Record<string, JsonObject>>;
  /** What the user should know. */
  readonly warnings: readonly string[];
}

/** Values of the init container's flags; lists between commas. */
export interface CaptureRules {
  readonly includeOutboundIPRanges: string;
  readonly excludeOutboundIPRanges: string;
  readonly includeInboundPorts: string;
  readonly excludeInboundPorts: string;
  readonly includeOutboundPorts: string;
  readonly excludeOutboundPorts: string;
  readonly excludeInterfaces: string;
}

export interface ReadinessTimes {
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

/** Annotations that ask for what cannot be; the message names each of them. */
export class AnnotationError extends Error {
  override readonly name = 'AnnotationError';
}

/** Reads a pod's annotations over the settings. Throws {@link AnnotationError}. */
export function podOptions(pod: Pod, settings: InjectionSettings): PodOptions {
  const reader = new AnnotationReader(pod.metadata.annotations ?? {});
  const config = reader.parsed(names.proxyConfig, parseProxyConfig) ?? { ignored: [] };
  reader.parsed(names.templates, checkTemplates);
  const interceptionMode = reader.oneOf(names.interceptionMode, ['REDIRECT', 'NONE'] as const);
  const options: PodOptions = {
    image: reader.text(names.proxyImage) ?? settings.image,
    resources: readResources(reader) ?? settings.resources,
    discoveryAddress: reader.hostPort(names.discoveryAddress) ?? config.discoveryAddress ?? settings.discoveryAddress,
    native: reader.boolean(names.nativeSidecar) ?? settings.nativeSidecar,
    hold: config.holdApplicationUntilProxyStarts ?? settings.holdApplicationUntilProxyStarts,
    rewriteProbes: reader.boolean(names.rewriteProbes) ?? settings.rewriteProbes,
    mergeMetrics: reader.boolean(names.mergeMetrics) ?? settings.mergeMetrics,
    proxyLogLevel: reader.text(names.logLevel) ?? settings.proxyLogLevel,
    proxyComponentLogLevel: reader.text(names.componentLogLevel) ?? settings.proxyComponentLogLevel,
    agentLogLevel: reader.text(names.agentLogLevel) ?? settings.agentLogLevel,
    concurrency: config.concurrency ?? settings.concurrency,
    terminationDrainSeconds: config.terminationDrainSeconds ?? settings.terminationDrainSeconds,
    interceptionMode: interceptionMode ?? config.interceptionMode ?? 'REDIRECT',
    capture: readCapture(reader),
    readiness: readReadiness(reader),
    proxyMetadata: config.proxyMetadata ?? {},
    userVolumes: reader.objects(names.userVolume) ?? {},
    userVolumeMounts: reader.objects(names.userVolumeMount) ?? {},
    warnings: warningsOf(pod, config.ignored),
  };
  if (reader.problems.length > 0) throw new AnnotationError(reader.problems.join('; '));
  return options;
}

/** As in Istio, one annotation is enough to set the settings' resources aside: limits must not stay below requests. */
function readResources(reader: AnnotationReader): Resources | undefined {
  const amounts = (cpu: string, memory: string): Readonly<Record<string, string>> | undefined => {
    const entries = Object.entries({ cpu: reader.quantity(cpu), memory: reader.quantity(memory) });
    const given = entries.filter((entry): entry is [string, string] => entry[1] !== undefined);
    return given.length === 0 ? undefined : Object.fromEntries(given);
  };
  const requests = amounts(names.proxyCPU, names.proxyMemory);
  const limits = amounts(names.proxyCPULimit, names.proxyMemoryLimit);
  if (requests === undefined && limits === undefined) return undefined;
  return { ...(requests === undefined ? {} : { requests }), ...(limits === undefined ? {} : { limits }) };
}

function readCapture(reader: AnnotationReader): CaptureRules {
  const own = uncapturedInboundPorts.join(',');
  const excluded = reader.ports(names.excludeInboundPorts) ?? '';
  return {
    includeOutboundIPRanges: reader.cidrs(names.includeOutboundIPRanges, '*') ?? '*',
    excludeOutboundIPRanges: reader.cidrs(names.excludeOutboundIPRanges) ?? '',
    includeInboundPorts: reader.ports(names.includeInboundPorts, '*') ?? '*',
    excludeInboundPorts: excluded === '' ? own : `${own},${excluded}`,
    includeOutboundPorts: reader.ports(names.includeOutboundPorts) ?? '',
    excludeOutboundPorts: reader.ports(names.excludeOutboundPorts) ?? '',
    excludeInterfaces: reader.interfaces(names.excludeInterfaces) ?? '',
  };
}

/** Times as Istio's sidecars have them. */
function readReadiness(reader: AnnotationReader): ReadinessTimes | undefined {
  const port = reader.parsed(names.statusPort, (text) => {
    if (text !== '0' && text !== String(ports.agentStatus)) {
      throw new Error(`must be ${String(ports.agentStatus)}, or 0 for no readiness probe`);
    }
    return Number(text);
  });
  const times = {
    initialDelaySeconds: reader.count(names.readinessInitialDelay) ?? 0,
    periodSeconds: reader.count(names.readinessPeriod) ?? 15,
    failureThreshold: reader.count(names.readinessFailureThreshold) ?? 4,
  };
  return port === 0 ? undefined : times;
}

function checkTemplates(text: string): void {
  const unknown = text.split(',').find((name) => name.trim() !== 'sidecar');
  if (unknown !== undefined) throw new Error(`there is no template "${unknown.trim()}"; use sidecar`);
}

function warningsOf(pod: Pod, ignoredConfig: readonly string[]): readonly string[] {
  const given = pod.metadata.annotations ?? {};
  const warnings = annotationsWithoutEffect
    .filter((name) => given[name] !== undefined)
    .map((name) => `annotation ${name} has no effect`);
  if (ignoredConfig.length > 0) {
    warnings.push(`annotation ${names.proxyConfig}: ${ignoredConfig.join(', ')} has no effect`);
  }
  return warnings;
}
