import { isJsonObject } from '../config/admission-review.ts';
import { proxyUid } from '../lib/ports.ts';
import { sidecar, sidecarEnvironment } from '../lib/sidecar.ts';
import type { AppProbe } from '../lib/sidecar.ts';
import { canonicalService } from './canonical-service.ts';
import { initContainer, proxyContainer } from './containers.ts';
import { mergeContainer } from './merge-container.ts';
import { annotations as names, podLabels } from './names.ts';
import type { Container, JsonObject, Pod, PodMetadata, PodSpec, Volume } from './pod.ts';
import { podOptions } from './pod-options.ts';
import type { PodOptions } from './pod-options.ts';
import { rewriteProbes } from './probes.ts';
import { mergeMetrics } from './prometheus.ts';
import type { InjectionSettings } from './settings.ts';
import { sidecarVolumes } from './volumes.ts';

export interface InjectedPod {
  readonly pod: Pod;
  /** What the user should know. */
  readonly warnings: readonly string[];
}

/**
 * The pod with its sidecar. A pod that has one already stays as it is, but for the probes of containers that were added
 * since. Throws AnnotationError for annotations that ask for what cannot be.
 */
export function injectSidecar(pod: Pod, namespace: string, settings: InjectionSettings): InjectedPod {
  const options = podOptions(pod, settings);
  return isInjected(pod) ? updateProbes(pod, options) : addSidecar(pod, namespace, settings, options);
}

function addSidecar(pod: Pod, namespace: string, settings: InjectionSettings, options: PodOptions): InjectedPod {
  const custom = splitOff(pod.spec, [sidecar.containers.init, sidecar.containers.proxy]);
  const application = rewriteAll({ ...pod, spec: custom.spec }, options);
  const metrics = options.mergeMetrics ? mergeMetrics(pod.metadata.annotations ?? {}) : { annotations: {} };
  const proxy = proxyContainer({
    pod: { ...pod, spec: custom.spec },
    namespace,
    settings,
    options,
    probers: application.probers,
    applicationMetrics: metrics.application,
  });
  const added = {
    init: options.interceptionMode === 'NONE' ? [] : [custom.merge(initContainer(settings, options))],
    proxy: custom.merge(proxy),
    volumes: sidecarVolumes(options),
  };
  const spec = withPullSecrets(placeContainers(application.pod.spec, added, options), settings);
  const metadata = describeInjection(pod, { ...metrics.annotations, ...statusOf(added, settings, options) });
  return {
    pod: { ...pod, metadata, spec },
    warnings: [...options.warnings, ...application.warnings, ...userWarnings(pod)],
  };
}

interface AddedParts {
  readonly init: readonly Container[];
  readonly proxy: Container;
  readonly volumes: readonly Volume[];
}

/**
 * A native sidecar comes first, so that init containers of the application are in the mesh. Another one does not run
 * before the application's containers do, so capture comes after its init containers, whose traffic would be lost.
 */
function placeContainers(spec: PodSpec, added: AddedParts, options: PodOptions): PodSpec {
  const inits = spec.initContainers ?? [];
  const { containers } = spec;
  const known = new Set((spec.volumes ?? []).map(({ name }) => name));
  const volumes = [...(spec.volumes ?? []), ...added.volumes.filter(({ name }) => !known.has(name))];
  if (options.native) return { ...spec, initContainers: [...added.init, added.proxy, ...inits], volumes };
  const all = options.hold ? [added.proxy, ...containers] : [...containers, added.proxy];
  const initContainers = [...inits, ...added.init];
  return { ...spec, ...(initContainers.length === 0 ? {} : { initContainers }), containers: all, volumes };
}

/** Those that the pod has itself come first. */
function withPullSecrets(spec: PodSpec, { imagePullSecrets = [] }: InjectionSettings): PodSpec {
  const own = spec.imagePullSecrets ?? [];
  const missing = imagePullSecrets.filter(({ name }) => !own.some((secret) => secret.name === name));
  return missing.length === 0 ? spec : { ...spec, imagePullSecrets: [...own, ...missing] };
}

/** The annotation that marks an injected pod, with what was added to it (Istio's format). */
function statusOf(added: AddedParts, settings: InjectionSettings, options: PodOptions): Record<string, string> {
  const namesOf = (parts: readonly { readonly name: string }[]): readonly string[] => parts.map(({ name }) => name);
  const status = {
    initContainers: namesOf(options.native ? [...added.init, added.proxy] : added.init),
    containers: options.native ? [] : [added.proxy.name],
    volumes: namesOf(added.volumes),
    imagePullSecrets: settings.imagePullSecrets === undefined ? null : namesOf(settings.imagePullSecrets),
    revision: settings.revision,
  };
  return { [names.status]: JSON.stringify(status), [names.revision]: settings.revision };
}

/** Labels and annotations that the pod has itself stay, but for those that say where its metrics are and what was done. */
function describeInjection(pod: Pod, added: Readonly<Record<string, string>>): PodMetadata {
  const service = canonicalService(pod.metadata);
  const application = pod.spec.containers.find(({ name }) => name !== sidecar.containers.proxy);
  return {
    ...pod.metadata,
    labels: {
      [podLabels.tlsMode]: 'istio',
      [podLabels.canonicalName]: service.name,
      [podLabels.canonicalRevision]: service.revision,
      ...pod.metadata.labels,
    },
    annotations: {
      ...(application === undefined ? {} : { [names.defaultContainer]: application.name }),
      ...pod.metadata.annotations,
      ...added,
    },
  };
}

/** Takes containers that users define in the sidecar's names out of the pod; `merge` puts what they say over the template's. */
function splitOff(
  spec: PodSpec,
  taken: readonly string[],
): { readonly spec: PodSpec; readonly merge: (template: Container) => Container } {
  const isOurs = ({ name }: Container): boolean => taken.includes(name);
  const custom = [...spec.containers, ...(spec.initContainers ?? [])].filter(isOurs);
  const rest = (containers: readonly Container[]): readonly Container[] => containers.filter((one) => !isOurs(one));
  const initContainers = spec.initContainers === undefined ? {} : { initContainers: rest(spec.initContainers) };
  return {
    spec: { ...spec, containers: rest(spec.containers), ...initContainers },
    merge: (template) => {
      const own = custom.find(({ name }) => name === template.name);
      return own === undefined ? template : mergeContainer(template, own);
    },
  };
}

interface RewrittenPod {
  readonly pod: Pod;
  readonly probers: Readonly<Record<string, AppProbe>>;
  readonly warnings: readonly string[];
}

/** Every probe of the application. */
function rewriteAll(pod: Pod, options: PodOptions): RewrittenPod {
  if (!options.rewriteProbes) return { pod, probers: {}, warnings: [] };
  const isOurs = ({ name }: Container): boolean =>
    name === sidecar.containers.proxy || name === sidecar.containers.init;
  const rewritten = (containers: readonly Container[]) =>
    containers.map((container) =>
      isOurs(container) ? { container, probers: {}, warnings: [] } : rewriteProbes(container),
    );
  const containers = rewritten(pod.spec.containers);
  const initContainers = rewritten(pod.spec.initContainers ?? []);
  const all = [...containers, ...initContainers];
  const inits = pod.spec.initContainers === undefined ? {} : { initContainers: initContainers.map(containerOf) };
  return {
    pod: { ...pod, spec: { ...pod.spec, containers: containers.map(containerOf), ...inits } },
    probers: Object.assign({}, ...all.map(({ probers }) => probers)) as Readonly<Record<string, AppProbe>>,
    warnings: all.flatMap(({ warnings }) => warnings),
  };
}

const containerOf = ({ container }: { readonly container: Container }): Container => container;

/** Whether the mark is there and what it promises, too: a copied annotation alone is no sidecar. */
function isInjected({ metadata, spec }: Pod): boolean {
  if (metadata.annotations?.[names.status] === undefined) return false;
  return [...spec.containers, ...(spec.initContainers ?? [])].some(
    ({ name, volumeMounts = [] }) =>
      name === sidecar.containers.proxy && volumeMounts.some((mount) => mount.name === sidecar.volumes.token),
  );
}

/** Another webhook may have added a container after the sidecar; the API server then calls injection again. */
function updateProbes(pod: Pod, options: PodOptions): InjectedPod {
  const { pod: rewritten, probers } = rewriteAll(pod, options);
  if (Object.keys(probers).length === 0) return { pod, warnings: [] };
  const update = (containers: readonly Container[]): readonly Container[] =>
    containers.map((container) =>
      container.name === sidecar.containers.proxy
        ? { ...container, env: addProbers(container.env ?? [], probers) }
        : container,
    );
  const { containers, initContainers } = rewritten.spec;
  const inits = initContainers === undefined ? {} : { initContainers: update(initContainers) };
  return { pod: { ...rewritten, spec: { ...rewritten.spec, containers: update(containers), ...inits } }, warnings: [] };
}

function addProbers(env: readonly JsonObject[], probers: Readonly<Record<string, AppProbe>>): readonly JsonObject[] {
  const name = sidecarEnvironment.appProbers;
  const old = env.find((variable) => variable.name === name)?.value;
  const known: unknown = typeof old === 'string' ? JSON.parse(old) : {};
  const value = JSON.stringify({ ...(isJsonObject(known) ? known : {}), ...probers });
  return [...env.filter((variable) => variable.name !== name), { name, value }];
}

function userWarnings({ spec }: Pod): readonly string[] {
  const isProxyUser = (context: JsonObject | undefined): boolean => context?.runAsUser === proxyUid;
  const containers = spec.containers.filter(({ name }) => name !== sidecar.containers.proxy);
  if (!isProxyUser(spec.securityContext) && !containers.some((one) => isProxyUser(one.securityContext))) return [];
  return [`user id ${String(proxyUid)} is the sidecar's own: traffic of containers that run as it bypasses the mesh`];
}
