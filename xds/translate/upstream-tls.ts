import type { Fields } from '../envoy/fields.ts';
import type { ClientTlsSettings } from '../../crds/destination-rule.ts';
import { typedConfig } from '../envoy/any.ts';
import type { Cluster_TransportSocketMatchSchema } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { TransportSocketSchema } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import { RawBufferSchema } from '../envoy/gen/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js';
import { SubjectAltNameMatcher_SanType } from '../envoy/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { UpstreamTlsContextSchema } from '../envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import type { MutualTlsMode } from '../model/mesh-settings.ts';
import { alpn } from './alpn.ts';
import type { CommonTlsContextInit, ValidationInit } from './tls-context.ts';
import { fileCertificate, fileRoots, memberOf, meshCertificates, protocolVersions } from './tls-context.ts';
import type { UpstreamProtocol } from './upstream-protocol.ts';

export type TransportSocketInit = Fields<typeof TransportSocketSchema>;
type SocketMatch = Fields<typeof Cluster_TransportSocketMatchSchema>;

/** One transport socket for all endpoints, or one for each kind of endpoint; plaintext without either. */
export interface UpstreamSockets {
  readonly transportSocket?: TransportSocketInit;
  readonly transportSocketMatches?: (SocketMatch & { readonly transportSocket: TransportSocketInit })[];
}

/** What is known when the TLS of a cluster is decided. */
export interface UpstreamTlsInput {
  /** The user's settings, which outrule all else. */
  readonly tls?: ClientTlsSettings;
  readonly protocol: UpstreamProtocol;
  /** Server name of automatic mutual TLS. */
  readonly sni: string;
  /** SPIFFE ids of the endpoints, one of which a server has to prove; none known takes any of the trust domain. */
  readonly serviceAccounts: readonly string[];
  readonly trustDomain: string;
  readonly autoMutualTls: boolean;
  /** What the service's workloads are assumed to accept. */
  readonly serverMutualTls: MutualTlsMode;
  /** Set where Envoy gets addresses without metadata, so that endpoints can't be told apart: do all have a sidecar? */
  readonly everyEndpointHasSidecar?: boolean;
}

/** The transport sockets of a cluster, and whether the user's TLS wants server name and SAN from the request's host. */
export interface UpstreamTls {
  readonly sockets: UpstreamSockets;
  readonly autoSni?: boolean;
  readonly autoSanValidation?: boolean;
}

export const rawBuffer: TransportSocketInit = {
  name: 'envoy.transport_sockets.raw_buffer',
  configType: { case: 'typedConfig', value: typedConfig(RawBufferSchema, {}) },
};

/** Decides the TLS towards the endpoints of a cluster. */
export function upstreamTls(input: UpstreamTlsInput): UpstreamTls {
  const { tls } = input;
  switch (tls?.mode) {
    case 'ISTIO_MUTUAL':
      return { sockets: { transportSocket: istioMutual(input, tls) } };
    case 'SIMPLE':
    case 'MUTUAL':
      return originated(input, tls);
    case 'DISABLE':
      return { sockets: {} };
    case undefined:
      return tls === undefined ? automatic(input) : { sockets: {} };
  }
}

/** Mutual TLS wherever the endpoint has a sidecar that takes it, plaintext elsewhere. */
function automatic(input: UpstreamTlsInput): UpstreamTls {
  if (!input.autoMutualTls || input.serverMutualTls === 'DISABLE') return { sockets: {} };
  if (input.everyEndpointHasSidecar !== undefined) {
    return { sockets: input.everyEndpointHasSidecar ? { transportSocket: istioMutual(input) } : {} };
  }
  return {
    sockets: {
      transportSocketMatches: [
        { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transportSocket: istioMutual(input) },
        { name: 'tlsMode-disabled', match: {}, transportSocket: rawBuffer },
      ],
    },
  };
}

function istioMutual(input: UpstreamTlsInput, tls?: ClientTlsSettings): TransportSocketInit {
  const names = tls?.subjectAltNames?.length ? tls.subjectAltNames : input.serviceAccounts;
  const validation = names.length > 0 ? subjectAltNames(names) : memberOf(input.trustDomain);
  return tlsSocket({
    sni: tls?.sni === undefined || tls.sni === '' ? input.sni : tls.sni,
    common: {
      ...meshCertificates(validation),
      alpnProtocols: [...alpnOffer(input.protocol)],
    },
  });
}

function alpnOffer(protocol: UpstreamProtocol): readonly string[] {
  switch (protocol) {
    case 'http1':
      return alpn.http1;
    case 'http2':
      return alpn.http2;
    case 'client':
      return alpn.anyHttp;
    case 'tcp':
      return alpn.tcp;
  }
}

/**
 * TLS to servers outside of the mesh. Files are served by the agent, which watches them, under Istio's names for them.
 * A credentialName is not read: Secrets are not a sidecar's to have. A MUTUAL without its files goes on without a client
 * certificate: the server refuses it, nothing is sent in the clear.
 */
function originated(input: UpstreamTlsInput, tls: ClientTlsSettings): UpstreamTls {
  const { clientCertificate = '', privateKey = '' } = tls;
  const own =
    tls.mode === 'MUTUAL' && clientCertificate !== '' && privateKey !== ''
      ? { tlsCertificateSdsSecretConfigs: [fileCertificate(clientCertificate, privateKey)] }
      : {};
  const verify = tls.insecureSkipVerify !== true;
  const sni = tls.sni ?? '';
  const http = input.protocol !== 'tcp';
  return {
    sockets: {
      transportSocket: tlsSocket({
        sni,
        common: {
          ...own,
          ...(verify ? serverValidation(tls) : {}),
          alpnProtocols: input.protocol === 'http2' ? ['h2'] : [],
        },
      }),
    },
    // Only HTTP has a host from which the names could be taken.
    autoSni: http && sni === '',
    autoSanValidation: http && sni === '' && verify && !tls.subjectAltNames?.length,
  };
}

function serverValidation(tls: ClientTlsSettings): CommonTlsContextInit {
  const crl: ValidationInit =
    tls.caCrl === undefined || tls.caCrl === '' ? {} : { crl: { specifier: { case: 'filename', value: tls.caCrl } } };
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: { ...subjectAltNames(tls.subjectAltNames ?? []), ...crl },
        validationContextSdsSecretConfig: fileRoots(tls.caCertificates),
      },
    },
  };
}

/** Names, one of which the certificate has to carry as URI or DNS name; none given takes any that the roots vouch for. */
function subjectAltNames(names: readonly string[]): ValidationInit {
  return {
    matchTypedSubjectAltNames: [...new Set(names)].sort().map((name) => ({
      sanType: name.includes('://') ? SubjectAltNameMatcher_SanType.URI : SubjectAltNameMatcher_SanType.DNS,
      matcher: { matchPattern: { case: 'exact', value: name } },
    })),
  };
}

function tlsSocket({ sni, common }: { sni: string; common: CommonTlsContextInit }): TransportSocketInit {
  const context = { sni, commonTlsContext: { ...common, tlsParams: protocolVersions } };
  return {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: typedConfig(UpstreamTlsContextSchema, context) },
  };
}
