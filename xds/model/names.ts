import type { Hostname } from './service.ts';

/** `outbound|<port>|<subset>|<host>`: the name of an outbound cluster (Istio's naming, which dashboards parse). */
export function outboundClusterName(port: number, subset: string, host: Hostname): string {
  return `outbound|${port}|${subset}|${host}`;
}

/** `inbound|<port>||`: the name of the cluster that leads to the application's own port. */
export function inboundClusterName(port: number): string {
  return `inbound|${port}||`;
}

/** `outbound_.<port>_.<subset>_.<host>`: the SNI that a client of automatic mutual TLS sends (Istio's DNS SRV form). */
export function mutualTlsSni(port: number, subset: string, host: Hostname): string {
  return `outbound_.${port}_.${subset}_.${host}`;
}

/** Clusters every sidecar has. */
export const passthroughCluster = 'PassthroughCluster';
export const blackHoleCluster = 'BlackHoleCluster';
export const inboundPassthroughCluster = 'InboundPassthroughCluster';

/** Name of the inline route configuration of an inbound HTTP port. */
export function inboundRouteName(port: number): string {
  return `inbound|${port}||`;
}
