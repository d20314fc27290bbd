import { parseCidr as readCidr, parsePort as readPort } from '../../lib/network.ts';
import type { CidrBlock } from '../../lib/network.ts';
import { ports, proxyUid } from '../../lib/ports.ts';

/** All of something, or exactly these. */
export type Selection<T> = 'all' | readonly T[];

/** What of a pod's TCP traffic goes through its sidecar. */
export interface CaptureOptions {
  /** Envoy's port for captured outbound connections. */
  readonly outboundPort: number;
  /** Envoy's port for captured inbound connections. */
  readonly inboundPort: number;
  /** Users and groups whose traffic is the proxy's own and is never captured. */
  readonly proxyUids: readonly number[];
  readonly proxyGids: readonly number[];
  readonly includeOutboundRanges: Selection<CidrBlock>;
  readonly excludeOutboundRanges: readonly CidrBlock[];
  /** Captured whatever their address is. */
  readonly includeOutboundPorts: readonly number[];
  readonly excludeOutboundPorts: readonly number[];
  readonly includeInboundPorts: Selection<number>;
  /** Looked at only when all inbound ports are captured. */
  readonly excludeInboundPorts: readonly number[];
  /** Network interfaces whose traffic is left alone. */
  readonly excludeInterfaces: readonly string[];
}

/** All traffic but the sidecar's own. */
export const defaultCaptureOptions: CaptureOptions = {
  outboundPort: ports.outbound,
  inboundPort: ports.inbound,
  proxyUids: [proxyUid],
  proxyGids: [proxyUid],
  includeOutboundRanges: 'all',
  excludeOutboundRanges: [],
  includeOutboundPorts: [],
  excludeOutboundPorts: [],
  includeInboundPorts: 'all',
  excludeInboundPorts: [],
  excludeInterfaces: [],
};

/** Parts between commas, without blanks and empty ones. */
export function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** A port from 1 to 65535. `source` names the flag in the error. */
export function parsePort(text: string, source: string): number {
  const port = readPort(text);
  if (port === undefined) throw new Error(`${source}: "${text}" is not a port from 1 to 65535`);
  return port;
}

/** Ports between commas; an empty text is none. */
export function parsePorts(text: string, source: string): readonly number[] {
  return splitList(text).map((part) => parsePort(part, source));
}

/** `*` for all ports, else a list. */
export function parsePortSelection(text: string, source: string): Selection<number> {
  return splitList(text).includes('*') ? 'all' : parsePorts(text, source);
}

/** An address block; a bare address is a block of one. */
export function parseCidr(text: string, source: string): CidrBlock {
  const block = readCidr(text);
  if (block === undefined) {
    throw new Error(`${source}: "${text}" is not an address block such as 10.0.0.0/8 or fd00::/8`);
  }
  return block;
}

export function parseCidrs(text: string, source: string): readonly CidrBlock[] {
  return splitList(text).map((part) => parseCidr(part, source));
}

/** `*` for every address, else a list; an empty text is none. */
export function parseCidrSelection(text: string, source: string): Selection<CidrBlock> {
  return splitList(text).includes('*') ? 'all' : parseCidrs(text, source);
}
