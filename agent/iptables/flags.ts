import { parseArgs } from 'node:util';
import { defaultCaptureOptions, parseCidrs, parseCidrSelection, parsePort, parsePorts } from './capture-options.ts';
import { parsePortSelection, splitList } from './capture-options.ts';
import type { CaptureOptions } from './capture-options.ts';

/** Flags of the init container, named as those of Istio's `istio-iptables`. */
const flags = {
  'envoy-port': { type: 'string', short: 'p' },
  'inbound-capture-port': { type: 'string', short: 'z' },
  'proxy-uid': { type: 'string', short: 'u' },
  'proxy-gid': { type: 'string', short: 'g' },
  'istio-inbound-interception-mode': { type: 'string', short: 'm' },
  'istio-service-cidr': { type: 'string', short: 'i' },
  'istio-service-exclude-cidr': { type: 'string', short: 'x' },
  'istio-inbound-ports': { type: 'string', short: 'b' },
  'istio-local-exclude-ports': { type: 'string', short: 'd' },
  'istio-outbound-ports': { type: 'string', short: 'q' },
  'istio-local-outbound-ports-exclude': { type: 'string', short: 'o' },
  'istio-exclude-interfaces': { type: 'string', short: 'c' },
} as const;

type Flag = keyof typeof flags;

/** Reads the flags; throws an Error that names the flag which is wrong. A flag that is absent leaves the default. */
export function parseCaptureFlags(args: readonly string[]): CaptureOptions {
  const { values } = parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false });
  const read = <T>(flag: Flag, parse: (text: string, source: string) => T, fallback: T): T => {
    const text = values[flag];
    return text === undefined ? fallback : parse(text, `flag -${flags[flag].short} (--${flag})`);
  };
  read('istio-inbound-interception-mode', checkMode, undefined);
  const d = defaultCaptureOptions;
  return {
    outboundPort: read('envoy-port', parsePort, d.outboundPort),
    inboundPort: read('inbound-capture-port', parsePort, d.inboundPort),
    proxyUids: read('proxy-uid', parseIds, d.proxyUids),
    proxyGids: read('proxy-gid', parseIds, d.proxyGids),
    includeOutboundRanges: read('istio-service-cidr', parseCidrSelection, d.includeOutboundRanges),
    excludeOutboundRanges: read('istio-service-exclude-cidr', parseCidrs, d.excludeOutboundRanges),
    includeOutboundPorts: read('istio-outbound-ports', parsePorts, d.includeOutboundPorts),
    excludeOutboundPorts: read('istio-local-outbound-ports-exclude', parsePorts, d.excludeOutboundPorts),
    includeInboundPorts: read('istio-inbound-ports', parsePortSelection, d.includeInboundPorts),
    excludeInboundPorts: read('istio-local-exclude-ports', parsePorts, d.excludeInboundPorts),
    excludeInterfaces: read('istio-exclude-interfaces', parseInterfaces, d.excludeInterfaces),
  };
}

function checkMode(mode: string, source: string): undefined {
  if (mode === 'REDIRECT') return;
  throw new Error(`${source}: interception mode "${mode}" is not supported; use REDIRECT`);
}

function parseIds(text: string, source: string): readonly number[] {
  return splitList(text).map((part) => {
    if (!/^\d{1,10}$/.test(part)) throw new Error(`${source}: "${part}" is not a numeric user or group id`);
    return Number(part);
  });
}

function parseInterfaces(text: string, source: string): readonly string[] {
  return splitList(text).map((name) => {
    // Linux keeps names to 15 bytes; anything else here would end up as text in a rule.
    if (!/^[\w.@:+-]{1,15}$/.test(name)) throw new Error(`${source}: "${name}" is not the name of a network interface`);
    return name;
  });
}
