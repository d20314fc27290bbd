import type { MutualTlsMode } from './mesh-settings.ts';
import type { Protocol, Service, ServicePort } from './service.ts';

/** A pod with (or about to get) a sidecar, as far as its own, inbound side is concerned. */
export interface Workload {
  /** The deployment (or other controller) that made the pod; the pod's own name where none did. */
  readonly name: string;
  readonly pod: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** TCP ports that the pod's containers declare; named target ports are resolved by them. */
  readonly containerPorts: readonly ContainerPort[];
  readonly node?: string;
}

export interface ContainerPort {
  /** Empty for a port without a name. */
  readonly name: string;
  readonly port: number;
}

/** One port of the workload's container that a service sends to. */
export interface InboundPort {
  /** Container port. */
  readonly port: number;
  readonly protocol: Protocol;
  /** The service the port belongs to; the oldest where several share it. */
  readonly service: Service;
  readonly servicePort: ServicePort;
  /** What PeerAuthentication says of this port. */
  readonly mutualTls: MutualTlsMode;
}
