import type { MutualTlsMode } from '../model/mesh-settings.ts';
import type { Protocol } from '../model/service.ts';
import { isHttp } from '../model/service.ts';
import { alpnMatch } from './alpn.ts';

/** How a port's connections are told apart: HTTP by declaration, anything by declaration, or by their first bytes. */
export type Detection = 'http' | 'tcp' | 'auto';

/** One kind of connection that an inbound port takes, and what is made of it. */
export interface InboundChain {
  /** What arrives: TLS, or plaintext (Envoy's `raw_buffer`). */
  readonly transport: 'tls' | 'raw_buffer';
  /** ALPN that the client has to offer, or the protocol that was detected in plaintext; any when empty. */
  readonly applicationProtocols: readonly string[];
  readonly handledAs: 'http' | 'tcp';
  /** Whether the sidecar ends mutual TLS; else the bytes go on as they are. */
  readonly mutualTls: boolean;
}

const mutualHttp: InboundChain = chain('tls', [], 'http', true);
const mutualTcp: InboundChain = chain('tls', [], 'tcp', true);
const plainHttp: InboundChain = chain('raw_buffer', [], 'http', false);
const plainTcp: InboundChain = chain('raw_buffer', [], 'tcp', false);
/** TLS of the application's own, which the sidecar hands on. */
const foreignTls: InboundChain = chain('tls', [], 'tcp', false);

const sniffedMutualHttp = { ...mutualHttp, applicationProtocols: alpnMatch.mutualTlsHttp };
const sniffedPlainHttp = { ...plainHttp, applicationProtocols: alpnMatch.plaintextHttp };

const chains: Readonly<Record<MutualTlsMode, Readonly<Record<Detection, readonly InboundChain[]>>>> = {
  STRICT: { http: [mutualHttp], tcp: [mutualTcp], auto: [sniffedMutualHttp, mutualTcp] },
  PERMISSIVE: {
    http: [{ ...mutualHttp, applicationProtocols: alpnMatch.mutualTls }, plainHttp],
    tcp: [{ ...mutualTcp, applicationProtocols: alpnMatch.mutualTls }, foreignTls, plainTcp],
    auto: [
      sniffedMutualHttp,
      sniffedPlainHttp,
      { ...mutualTcp, applicationProtocols: alpnMatch.mutualTlsTcp },
      plainTcp,
      foreignTls,
    ],
  },
  // Nobody looks for TLS here, so that all is plaintext to Envoy.
  DISABLE: { http: [plainHttp], tcp: [plainTcp], auto: [sniffedPlainHttp, plainTcp] },
};

/**
 * The kinds of connection that a port takes, by what PeerAuthentication says of it (Istio's sets of filter chains).
 * Where no kind fits, as for plaintext under STRICT, Envoy closes the connection.
 */
export function inboundChains(mode: MutualTlsMode, detection: Detection): readonly InboundChain[] {
  return chains[mode][detection];
}

export function detectionOf(protocol: Protocol): Detection {
  if (isHttp(protocol)) return 'http';
  return protocol === 'auto' ? 'auto' : 'tcp';
}

function chain(
  transport: InboundChain['transport'],
  applicationProtocols: readonly string[],
  handledAs: InboundChain['handledAs'],
  mutualTls: boolean,
): InboundChain {
  return { transport, applicationProtocols, handledAs, mutualTls };
}
