import { isJsonObject } from '../config/admission-review.ts';
import { ports } from '../lib/ports.ts';
import { appProbePath } from '../lib/sidecar.ts';
import type { AppProbe } from '../lib/sidecar.ts';
import type { Container, JsonObject } from './pod.ts';

const kinds = { livenessProbe: 'livez', readinessProbe: 'readyz', startupProbe: 'startupz' } as const;
type ProbeField = keyof typeof kinds;

/** Actions of a probe; one of them is set. */
const actions = ['httpGet', 'tcpSocket', 'grpc'] as const;

export interface RewrittenProbes<T> {
  readonly container: T;
  /** What the agent is to ask, by the path that the kubelet asks the agent for. */
  readonly probers: Readonly<Record<string, AppProbe>>;
  readonly warnings: readonly string[];
}

/**
 * Points a container's probes at the agent: the kubelet is not in the mesh, and could not ask an application that takes
 * mutual TLS only. Commands are left alone, as are probes that name a host of their own or already ask the sidecar.
 */
export function rewriteProbes(container: Container): RewrittenProbes<Container> {
  const probers: Record<string, AppProbe> = {};
  const warnings: string[] = [];
  const changes: Partial<Record<ProbeField, JsonObject>> = {};
  for (const [field, kind] of Object.entries(kinds)) {
    const probe = container[field];
    if (!isJsonObject(probe) || !actions.some((action) => isJsonObject(probe[action]))) continue;
    const moved = moveProbe(probe, container);
    if (moved === 'leave') continue;
    if (moved === 'unknown-port') {
      warnings.push(
        `container ${container.name}: the port of ${field} is not among its ports; the probe stays as it is`,
      );
      continue;
    }
    const path = appProbePath(container.name, kind);
    probers[path] = moved;
    Object.assign(changes, { [field]: askAgent(probe, path) });
  }
  return { container: { ...container, ...changes }, probers, warnings };
}

function moveProbe(probe: JsonObject, container: Container): AppProbe | 'leave' | 'unknown-port' {
  const { httpGet, tcpSocket, grpc, timeoutSeconds } = probe;
  const timeout = typeof timeoutSeconds === 'number' ? { timeoutSeconds } : {};
  const action = [httpGet, tcpSocket, grpc].find(isJsonObject) ?? {};
  if (typeof action.host === 'string' && action.host !== '') return 'leave';
  const port = resolvePort(action.port, container);
  if (port === undefined) return 'unknown-port';
  if (port === ports.agentStatus || port === ports.health) return 'leave';
  if (isJsonObject(httpGet)) return { httpGet: { ...readHttpGet(httpGet), port }, ...timeout };
  if (isJsonObject(tcpSocket)) return { tcpSocket: { port }, ...timeout };
  const service = isJsonObject(grpc) && typeof grpc.service === 'string' ? { service: grpc.service } : {};
  return { grpc: { port, ...service }, ...timeout };
}

function readHttpGet({ path, scheme, httpHeaders }: JsonObject): Omit<NonNullable<AppProbe['httpGet']>, 'port'> {
  const headers = (Array.isArray(httpHeaders) ? httpHeaders : []).flatMap((header: unknown) =>
    isJsonObject(header) && typeof header.name === 'string' && typeof header.value === 'string'
      ? [{ name: header.name, value: header.value }]
      : [],
  );
  return {
    ...(typeof path === 'string' ? { path } : {}),
    ...(typeof scheme === 'string' ? { scheme } : {}),
    ...(headers.length === 0 ? {} : { httpHeaders: headers }),
  };
}

function resolvePort(port: unknown, container: Container): number | undefined {
  if (typeof port === 'number') return port;
  // Numbers as text are numbers to Kubernetes, too.
  if (typeof port === 'string' && /^\d+$/.test(port)) return Number(port);
  return container.ports?.find(({ name }) => name !== undefined && name === port)?.containerPort;
}

/** The probe's times stay; what it does becomes a request to the agent. */
function askAgent(probe: JsonObject, path: string): JsonObject {
  const times = Object.entries(probe).filter(([key]) => !actions.some((action) => action === key));
  return { ...Object.fromEntries(times), httpGet: { path, port: ports.agentStatus, scheme: 'HTTP' } };
}
