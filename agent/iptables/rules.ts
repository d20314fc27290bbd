import { sidecar } from '../../lib/sidecar.ts';
import type { CaptureOptions } from './capture-options.ts';

/** One rule: the chain it is appended to and its arguments as iptables takes them. */
export interface Rule {
  readonly chain: string;
  readonly args: readonly string[];
}

/** The nat table's part that belongs to the mesh, for one IP family. */
export interface RuleSet {
  readonly family: 4 | 6;
  /** The mesh's own chains, in order of definition. */
  readonly chains: readonly string[];
  /** Rules of those chains, and the jumps to them from the kernel's. */
  readonly rules: readonly Rule[];
}

/** Every chain of the mesh begins so; nothing else in a pod's network namespace does. */
export const chainPrefix = 'ISTIO_';

const redirect = 'ISTIO_REDIRECT';
const inRedirect = 'ISTIO_IN_REDIRECT';
const inbound = 'ISTIO_INBOUND';
const outbound = 'ISTIO_OUTPUT';

/** The rules that send a pod's TCP traffic of one family to Envoy (layout and chain names as Istio's REDIRECT mode). */
export function captureRules(options: CaptureOptions, family: 4 | 6): RuleSet {
  return {
    family,
    chains: [redirect, inRedirect, inbound, outbound],
    rules: [
      rule(redirect, '-p tcp -j REDIRECT --to-ports', options.outboundPort),
      rule(inRedirect, '-p tcp -j REDIRECT --to-ports', options.inboundPort),
      ...inboundRules(options),
      ...outboundRules(options, family),
    ],
  };
}

function inboundRules(options: CaptureOptions): readonly Rule[] {
  const selected = options.includeInboundPorts;
  if (selected !== 'all' && selected.length === 0) return [];
  const capture =
    selected === 'all'
      ? [
          ...options.excludeInboundPorts.map((port) => rule(inbound, '-p tcp --dport', port, '-j RETURN')),
          rule(inbound, '-p tcp -j', inRedirect),
        ]
      : selected.map((port) => rule(inbound, '-p tcp --dport', port, '-j', inRedirect));
  return [
    rule('PREROUTING', '-p tcp -j', inbound),
    ...options.excludeInterfaces.map((device) => rule(inbound, '-i', device, '-j RETURN')),
    ...capture,
  ];
}

function outboundRules(options: CaptureOptions, family: 4 | 6): readonly Rule[] {
  const own = family === 4 ? `${sidecar.uncapturedSource.ipv4}/32` : `${sidecar.uncapturedSource.ipv6}/128`;
  const loopback = family === 4 ? '127.0.0.1/32' : '::1/128';
  return [
    rule('OUTPUT', '-p tcp -j', outbound),
    ...options.excludeInterfaces.map((device) => rule(outbound, '-o', device, '-j RETURN')),
    // What Envoy and the agent send to the application itself must arrive there.
    rule(outbound, '-o lo -s', own, '-j RETURN'),
    ...options.excludeOutboundPorts.map((port) => rule(outbound, '-p tcp --dport', port, '-j RETURN')),
    ...options.proxyUids.flatMap((uid) => proxyRules('--uid-owner', uid, loopback)),
    ...options.proxyGids.flatMap((gid) => proxyRules('--gid-owner', gid, loopback)),
    rule(outbound, '-d', loopback, '-j RETURN'),
    ...options.excludeOutboundRanges
      .filter((block) => block.family === family)
      .map((block) => rule(outbound, '-d', block.text, '-j RETURN')),
    ...options.includeOutboundPorts.map((port) => rule(outbound, '-p tcp --dport', port, '-j', redirect)),
    ...outboundRanges(options, family),
  ];
}

/** Rules for traffic by the owner of the socket, a user or a group of the proxy. */
function proxyRules(owner: '--uid-owner' | '--gid-owner', id: number, loopback: string): readonly Rule[] {
  return [
    // Envoy calls a service that leads back to its own pod: the call goes through the inbound side like any other.
    rule(outbound, '-o lo ! -d', loopback, '-p tcp -m owner', owner, id, '-j', inRedirect),
    // The application calls its own pod by address: no proxy is needed.
    rule(outbound, '-o lo -m owner !', owner, id, '-j RETURN'),
    // Envoy's own outbound traffic must not come back to it.
    rule(outbound, '-m owner', owner, id, '-j RETURN'),
  ];
}

function outboundRanges(options: CaptureOptions, family: 4 | 6): readonly Rule[] {
  if (options.includeOutboundRanges === 'all') return [rule(outbound, '-j', redirect)];
  return options.includeOutboundRanges
    .filter((block) => block.family === family)
    .map((block) => rule(outbound, '-d', block.text, '-j', redirect));
}

function rule(chain: string, ...parts: readonly (string | number)[]): Rule {
  return { chain, args: parts.flatMap((part) => String(part).split(' ')) };
}
