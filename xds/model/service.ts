/** A fully qualified host name of a service, e.g. `reviews.default.svc.cluster.local`. */
export type Hostname = string;

/**
 * What a port speaks, from `appProtocol` or the port's name (`http-web`), as Istio reads them.
 * `auto` is a TCP port of undeclared protocol: it is sniffed.
 */
export type Protocol = 'http' | 'http2' | 'grpc' | 'grpc-web' | 'https' | 'tls' | 'tcp' | 'auto';

export interface ServicePort {
  readonly name: string;
  /** The service's port, that clients connect to. */
  readonly port: number;
  /** The number or name of the container's port, as the Service says. */
  readonly targetPort: number | string;
  readonly protocol: Protocol;
}

/** A Kubernetes Service as the mesh sees it. Immutable: a change makes a new object. */
export interface Service {
  readonly hostname: Hostname;
  readonly name: string;
  readonly namespace: string;
  /** `cluster-ip` is balanced by the client; `headless` has no address of its own; `external-name` is another host. */
  readonly kind: 'cluster-ip' | 'headless' | 'external-name';
  /** Cluster IPs, IPv4 and IPv6; empty for headless and external-name. */
  readonly addresses: readonly string[];
  /** The host behind an `external-name` service. */
  readonly externalName?: string;
  readonly ports: readonly ServicePort[];
  readonly labels: Readonly<Record<string, string>>;
  readonly selector: Readonly<Record<string, string>>;
  /** Namespaces that see it: from `networking.istio.io/exportTo`; `*` for all, `.` for its own, `~` for none. */
  readonly exportTo: readonly string[];
  /** Creation, RFC 3339: the older object wins where two collide. */
  readonly createdAt: string;
}

const httpProtocols: ReadonlySet<Protocol> = new Set(['http', 'http2', 'grpc', 'grpc-web']);

/** Whether requests of this protocol are routed as HTTP (not sniffed). */
export function isHttp(protocol: Protocol): boolean {
  return httpProtocols.has(protocol);
}

/** Whether upstream connections of this protocol are HTTP/2. */
export function isHttp2(protocol: Protocol): boolean {
  return protocol === 'http2' || protocol === 'grpc' || protocol === 'grpc-web';
}
