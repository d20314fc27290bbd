import { describe, expect, it } from 'vitest';
import type { Listener } from '../envoy/gen/envoy/config/listener/v3/listener_pb.js';
import type { MutualTlsMode } from '../model/mesh-settings.ts';
import { defaultMeshSettings as settings } from '../model/mesh-settings.ts';
import { aPort, aService } from '../model/model-testing.ts';
import type { Protocol } from '../model/service.ts';
import type { InboundPort } from '../model/workload.ts';
import { virtualInbound } from './inbound-listener.ts';

const families = { ipv4: true, ipv6: false };

function inbound(protocol: Protocol, mutualTls: MutualTlsMode, port = 8080): InboundPort {
  return { port, protocol, service: aService(), servicePort: aPort(protocol), mutualTls };
}

function listener(inboundPorts: readonly InboundPort[], mutualTls: MutualTlsMode = 'PERMISSIVE'): Listener {
  return virtualInbound({ families, inboundPorts, mutualTls, settings });
}

/** What a connection to a port meets: `mtls` or `plain`, handled as `http` or `tcp`; undefined where it is refused. */
function meets(made: Listener, port: number, transport: 'tls' | 'raw_buffer', alpn: readonly string[] = []) {
  const ofPort = made.filterChains.filter(({ filterChainMatch }) => filterChainMatch?.destinationPort === port);
  // Envoy looks at the port first and never goes back to chains without one.
  const candidates =
    ofPort.length > 0
      ? ofPort
      : made.filterChains.filter(({ filterChainMatch }) => filterChainMatch?.destinationPort === undefined);
  const ofTransport = candidates.filter(({ filterChainMatch }) => filterChainMatch?.transportProtocol === transport);
  const byAlpn = alpn
    .map((offered) =>
      ofTransport.find(({ filterChainMatch }) => filterChainMatch?.applicationProtocols.includes(offered)),
    )
    .find((chain) => chain !== undefined);
  const chain =
    byAlpn ?? ofTransport.find(({ filterChainMatch }) => filterChainMatch?.applicationProtocols.length === 0);
  if (chain === undefined) return undefined;
  const http = chain.filters.some(({ name }) => name === 'envoy.filters.network.http_connection_manager');
  return `${chain.transportSocket === undefined ? 'plain' : 'mtls'} ${http ? 'http' : 'tcp'}`;
}

describe('virtualInbound', () => {
  it.each(['http', 'tcp', 'auto'] as const)('refuses all plaintext on a %s port under STRICT', (protocol) => {
    const made = listener([inbound(protocol, 'STRICT')], 'STRICT');
    expect(meets(made, 8080, 'raw_buffer', ['http/1.1'])).toBeUndefined();
    expect(meets(made, 8080, 'raw_buffer')).toBeUndefined();
    expect(meets(made, 8080, 'tls', ['h2'])).toMatch(/^mtls/);
    expect(meets(made, 1234, 'raw_buffer', ['http/1.1'])).toBeUndefined();
  });

  it('takes mutual TLS and plaintext under PERMISSIVE', () => {
    const made = listener([inbound('http', 'PERMISSIVE'), inbound('tcp', 'PERMISSIVE', 9000)]);
    expect(meets(made, 8080, 'tls', ['istio-http/1.1', 'istio', 'http/1.1'])).toBe('mtls http');
    expect(meets(made, 8080, 'raw_buffer')).toBe('plain http');
    expect(meets(made, 9000, 'tls', ['istio-peer-exchange', 'istio'])).toBe('mtls tcp');
    expect(meets(made, 9000, 'raw_buffer')).toBe('plain tcp');
  });

  it("hands an application's own TLS on under PERMISSIVE", () => {
    const made = listener([inbound('tcp', 'PERMISSIVE', 9000)]);
    expect(meets(made, 9000, 'tls', ['h2', 'http/1.1'])).toBe('plain tcp');
    expect(meets(made, 1234, 'tls', ['h2', 'http/1.1'])).toBe('plain tcp');
  });

  it('tells HTTP from TCP on a sniffed port, by ALPN within mutual TLS', () => {
    const made = listener([inbound('auto', 'PERMISSIVE')]);
    expect(meets(made, 8080, 'tls', ['istio-http/1.1', 'istio'])).toBe('mtls http');
    expect(meets(made, 8080, 'tls', ['istio-h2', 'istio', 'h2'])).toBe('mtls http');
    expect(meets(made, 8080, 'tls', ['istio-peer-exchange', 'istio'])).toBe('mtls tcp');
    expect(meets(made, 8080, 'raw_buffer', ['http/1.1'])).toBe('plain http');
    expect(meets(made, 8080, 'raw_buffer')).toBe('plain tcp');
  });

  it('looks for no TLS on a port of DISABLE', () => {
    const made = listener([inbound('tcp', 'DISABLE', 9000)], 'STRICT');
    expect(meets(made, 9000, 'raw_buffer')).toBe('plain tcp');
    const tls = made.listenerFilters.find(({ name }) => name.endsWith('tls_inspector'));
    expect(JSON.stringify(tls?.filterDisabled)).toContain('"start":9000');
  });

  it('holds a policy for a port that no service declares', () => {
    const made = virtualInbound({
      families,
      inboundPorts: [],
      mutualTls: 'STRICT',
      portModes: new Map([[9999, 'DISABLE']]),
      settings,
    });
    expect(meets(made, 9999, 'raw_buffer')).toBe('plain tcp');
    expect(meets(made, 9998, 'raw_buffer')).toBeUndefined();
  });

  it("sends connections to the listener's own port nowhere", () => {
    const [guard] = listener([]).filterChains;
    expect(guard?.filterChainMatch?.destinationPort).toBe(15006);
    expect(guard?.name).toBe('virtualInbound-blackhole');
  });
});
