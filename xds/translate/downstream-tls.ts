import { create } from '@bufbuild/protobuf';
import { typedConfig } from '../envoy/any.ts';
import type { TransportSocket } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import { TransportSocketSchema } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import { DownstreamTlsContextSchema } from '../envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { alpn } from './alpn.ts';
import { memberOf, meshCertificates, protocolVersions } from './tls-context.ts';

/** Ciphers of TLS 1.2 between sidecars, Istio's choice; those of TLS 1.3 are not for choosing. */
const cipherSuites = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
];

/** Ends mutual TLS of peers: any identity of the trust domain, proven by a certificate of the mesh's roots. */
export function mutualTlsServer(kind: 'http' | 'tcp', settings: Pick<MeshSettings, 'trustDomain'>): TransportSocket {
  return create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.tls',
    configType: {
      case: 'typedConfig',
      value: typedConfig(DownstreamTlsContextSchema, {
        requireClientCertificate: true,
        commonTlsContext: {
          ...meshCertificates(memberOf(settings.trustDomain)),
          alpnProtocols: [...(kind === 'http' ? alpn.httpServer : alpn.tcpServer)],
          tlsParams: { ...protocolVersions, cipherSuites },
        },
      }),
    },
  });
}
