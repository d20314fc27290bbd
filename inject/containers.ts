import { ports, proxyUid } from '../lib/ports.ts';
import { sidecar } from '../lib/sidecar.ts';
import { sidecarVariables } from './environment.ts';
import type { EnvironmentParts } from './environment.ts';
import type { Container, JsonObject } from './pod.ts';
import type { CaptureRules, PodOptions } from './pod-options.ts';
import type { InjectionSettings } from './settings.ts';
import { sidecarMounts } from './volumes.ts';

/** Sets the rules that capture the pod's traffic, before anything else runs in it. */
export function initContainer(settings: InjectionSettings, options: PodOptions): Container {
  return {
    name: sidecar.containers.init,
    image: options.image,
    ...pullPolicy(settings),
    command: [...sidecar.commands.iptables],
    args: captureFlags(options.capture),
    resources: options.resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      privileged: false,
      // Rules of the pod's own network need both, and root.
      capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
      // iptables has its lock on it.
      readOnlyRootFilesystem: false,
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
    },
  };
}

/** Flags as those of Istio's `istio-iptables`. */
function captureFlags(rules: CaptureRules): readonly string[] {
  const optional = Object.entries({
    '-x': rules.excludeOutboundIPRanges,
    '-q': rules.includeOutboundPorts,
    '-o': rules.excludeOutboundPorts,
    '-c': rules.excludeInterfaces,
  }).filter(([, text]) => text !== '');
  return [
    ...['-p', String(ports.outbound), '-z', String(ports.inbound), '-u', String(proxyUid), '-m', 'REDIRECT'],
    ...['-i', rules.includeOutboundIPRanges, '-b', rules.includeInboundPorts, '-d', rules.excludeInboundPorts],
    ...optional.flat(),
  ];
}

/** Envoy and its agent. */
export function proxyContainer(parts: EnvironmentParts): Container {
  const { settings, options } = parts;
  return {
    name: sidecar.containers.proxy,
    image: options.image,
    ...pullPolicy(settings),
    command: [...sidecar.commands.proxy],
    ...(options.native ? { restartPolicy: 'Always' } : {}),
    ports: [{ name: 'http-envoy-prom', containerPort: ports.envoyPrometheus, protocol: 'TCP' }],
    env: sidecarVariables(parts),
    resources: options.resources,
    ...probes(options),
    ...lifecycle(options),
    securityContext: {
      allowPrivilegeEscalation: false,
      privileged: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsUser: proxyUid,
      runAsGroup: proxyUid,
      runAsNonRoot: true,
    },
    volumeMounts: sidecarMounts(options),
  };
}

/** A native sidecar is waited for by its startup probe; another one by a hook that returns when it is ready. */
function lifecycle(options: PodOptions): JsonObject {
  if (options.native) return { lifecycle: { preStop: { exec: { command: [...sidecar.commands.drain] } } } };
  return options.hold ? { lifecycle: { postStart: { exec: { command: [...sidecar.commands.wait] } } } } : {};
}

function probes({ readiness }: PodOptions): JsonObject {
  const httpGet = { path: '/healthz/ready', port: ports.health };
  return {
    // Ten minutes: until then the control plane may be away.
    startupProbe: { httpGet, periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 600 },
    ...(readiness === undefined ? {} : { readinessProbe: { httpGet, timeoutSeconds: 3, ...readiness } }),
  };
}

function pullPolicy({ imagePullPolicy }: InjectionSettings): JsonObject {
  return imagePullPolicy === undefined ? {} : { imagePullPolicy };
}
