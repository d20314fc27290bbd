import type { MutualTlsMode } from './mesh-settings.ts';
import type { Protocol, Service, ServicePort } from './service.ts';

/** A pod with (or about to get) a sidecar, as far as its own, inbound side is concerned. */
export interface Workload {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
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
