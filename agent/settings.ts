import { parseLogLevels } from '../lib/logger.ts';
import type { LogLevels } from '../lib/logger.ts';
import type { Identity } from '../lib/identity.ts';
import { ports } from '../lib/ports.ts';
import { sidecarEnvironment as names } from '../lib/sidecar.ts';
import type { AppProbe } from '../lib/sidecar.ts';
import { keyTypes } from './certificate/key.ts';
import type { KeyType } from './certificate/key.ts';

/** Where the application's own metrics are. */
export interface AppMetrics {
  readonly path: string;
  readonly port: number;
}

/** What the sidecar's environment says, checked. */
export interface AgentSettings {
  readonly podName: string;
  /** Addresses of the pod, the primary one first. */
  readonly podIps: readonly string[];
  readonly identity: Identity;
  readonly workloadName: string;
  readonly clusterDomain: string;
  readonly clusterId: string;
  readonly discoveryAddress: string;
  /** Every `ISTIO_META_<KEY>`, by key: they go into the node's metadata as they are. */
  readonly extraMetadata: Readonly<Record<string, string>>;
  readonly keyType: KeyType;
  readonly certificateLifetimeSeconds: number;
  readonly probes: ReadonlyMap<string, AppProbe>;
  readonly appMetrics?: AppMetrics;
  /** Envoy's worker threads; 0 is one a core. */
  readonly concurrency: number;
  readonly proxyLogLevel: string;
  readonly proxyComponentLogLevel: string;
  readonly shutdown: ShutdownSettings;
}

export interface ShutdownSettings {
  /** The application is gone when the sidecar is told to stop, so nothing is left to drain. */
  readonly native: boolean;
  readonly drainSeconds: number;
  /** Wait until no connection is left, at least `minimumDrainSeconds`, instead of `drainSeconds`. */
  readonly untilIdle: boolean;
  readonly minimumDrainSeconds: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the environment; throws one Error that names every variable which is missing or wrong. */
export function readSettings(environment: Environment): AgentSettings {
  const reader = new EnvironmentReader(environment);
  const namespace = reader.required(names.podNamespace);
  const podName = reader.required(names.podName);
  const appMetrics = reader.parsed(names.prometheusAnnotations, parseAppMetrics, undefined);
  const settings: AgentSettings = {
    podName,
    podIps: reader.required(names.podIps).split(',').filter(Boolean),
    identity: {
      trustDomain: reader.text(names.trustDomain, 'cluster.local'),
      namespace,
      serviceAccount: reader.required(names.serviceAccount),
    },
    workloadName: reader.text(names.workloadName, podName),
    clusterDomain: reader.text(names.clusterDomain, 'cluster.local'),
    clusterId: reader.text(names.clusterId, 'Kubernetes'),
    discoveryAddress:
      reader.parsed(names.discoveryAddress, parseHostPort, undefined) ?? reader.required(names.discoveryAddress),
    extraMetadata: metadataOf(environment),
    keyType: reader.parsed(names.workloadKeyType, parseKeyType, keyTypes[0]),
    certificateLifetimeSeconds: reader.parsed(names.secretTtlSeconds, parseCount, 86_400),
    probes: reader.parsed(names.appProbers, parseProbes, new Map<string, AppProbe>()),
    ...(appMetrics === undefined ? {} : { appMetrics }),
    concurrency: reader.parsed(names.concurrency, parseCount, reader.parsed(names.cpuLimit, parseCount, 2)),
    proxyLogLevel: reader.text(names.proxyLogLevel, 'warning'),
    proxyComponentLogLevel: reader.text(names.proxyComponentLogLevel, 'misc:error'),
    shutdown: {
      native: reader.parsed(names.nativeSidecar, parseBoolean, false),
      drainSeconds: reader.parsed(names.terminationDrainSeconds, parseCount, 5),
      untilIdle: reader.parsed(names.exitOnZeroActiveConnections, parseBoolean, false),
      minimumDrainSeconds: reader.parsed(names.minimumDrainSeconds, parseCount, 5),
    },
  };
  reader.finish();
  return settings;
}

/** Levels of the agent's own log; a wrong value must not keep the pod from starting, so it is `info` then. */
export function readLogLevels(environment: Environment): LogLevels {
  try {
    return parseLogLevels(environment[names.agentLogLevel] ?? '');
  } catch {
    return parseLogLevels('');
  }
}

/** Gathers what is wrong, so that it is told at once. */
class EnvironmentReader {
  readonly #environment: Environment;
  readonly #problems: string[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  text(name: string, fallback: string): string {
    return this.#environment[name] || fallback;
  }

  required(name: string): string {
    const value = this.#environment[name];
    if (!value) this.#problems.push(`${name} is not set`);
    return value ?? '';
  }

  /** An absent or empty variable gives the fallback. */
  parsed<T>(name: string, parse: (text: string) => T, fallback: T): T {
    const text = this.#environment[name];
    if (!text) return fallback;
    try {
      return parse(text);
    } catch (error) {
      this.#problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return fallback;
    }
  }

  finish(): void {
    if (this.#problems.length > 0) throw new Error(`environment of the sidecar: ${this.#problems.join('; ')}`);
  }
}

function metadataOf(environment: Environment): Readonly<Record<string, string>> {
  const prefix = 'ISTIO_META_';
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      name.startsWith(prefix) && value ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}

function parseHostPort(text: string): string {
  if (!/^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/.test(text)) throw new Error(`"${text}" is not host:port`);
  return text;
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`"${text}" is not a whole number`);
  return Number(text);
}

function parseBoolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new Error(`"${text}" is neither true nor false`);
  return text === 'true';
}

function parseKeyType(text: string): KeyType {
  const found = keyTypes.find((type) => type === text);
  if (found === undefined) throw new Error(`"${text}" is not one of ${keyTypes.join(', ')}`);
  return found;
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not a JSON object');
  return Object.fromEntries<unknown>(Object.entries(value));
}

function parseAppMetrics(text: string): AppMetrics | undefined {
  const { scrape, path, port } = parseObject(text);
  if (scrape !== 'true') return undefined;
  const parsed = { path: typeof path === 'string' && path !== '' ? path : '/metrics', port: Number(port || 80) };
  if (!isPort(parsed.port)) throw new Error(`port "${String(port)}" is not a port`);
  // An application that names the agent's own page as its metrics would make it ask itself without end.
  return parsed.port === ports.agentStatus ? undefined : parsed;
}

function parseProbes(text: string): ReadonlyMap<string, AppProbe> {
  const probes = new Map<string, AppProbe>();
  for (const [path, value] of Object.entries(parseObject(text))) {
    if (!isProbe(value)) throw new Error(`${path} is not a probe with httpGet, tcpSocket or grpc and a numeric port`);
    probes.set(path, value);
  }
  return probes;
}

function isProbe(value: unknown): value is AppProbe {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  return ['httpGet', 'tcpSocket', 'grpc'].some((kind) => {
    const action = fields.get(kind);
    return typeof action === 'object' && action !== null && 'port' in action && isPort(action.port);
  });
}

function isPort(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}
