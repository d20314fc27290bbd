import type { Fields } from '../envoy/fields.ts';
import type { CertificateValidationContextSchema } from '../envoy/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import {
  SubjectAltNameMatcher_SanType,
  TlsParameters_TlsProtocol,
} from '../envoy/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import type { SdsSecretConfigSchema } from '../envoy/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { CommonTlsContextSchema } from '../envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { sidecar } from '../../lib/sidecar.ts';
import { filesFromAgent, fromAgent } from './config-source.ts';

export type CommonTlsContextInit = Fields<typeof CommonTlsContextSchema>;
export type ValidationInit = Fields<typeof CertificateValidationContextSchema>;

/** TLS 1.2 and 1.3, as Istio allows between sidecars. */
export const protocolVersions = {
  tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2,
  tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
};

/** A secret that the agent serves under this name. */
function agentSecret(name: string): Fields<typeof SdsSecretConfigSchema> {
  return { name, sdsConfig: fromAgent };
}

/** Certificate and key out of files, under Istio's name for them. */
export function fileCertificate(chain: string, key: string): Fields<typeof SdsSecretConfigSchema> {
  return { name: `file-cert:${chain}~${key}`, sdsConfig: filesFromAgent };
}

/** Roots out of a file, or those of the system's, under Istio's name for them. */
export function fileRoots(path: string | undefined): Fields<typeof SdsSecretConfigSchema> {
  return { name: `file-root:${path === undefined || path === '' ? 'system' : path}`, sdsConfig: filesFromAgent };
}

/** Own certificate of the workload, and peers checked against the roots of the mesh and by what `validation` adds. */
export function meshCertificates(validation: ValidationInit): CommonTlsContextInit {
  return {
    tlsCertificateSdsSecretConfigs: [agentSecret(sidecar.secrets.workload)],
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: validation,
        validationContextSdsSecretConfig: agentSecret(sidecar.secrets.roots),
      },
    },
  };
}

/** Any identity of the trust domain. */
export function memberOf(trustDomain: string): ValidationInit {
  return {
    matchTypedSubjectAltNames: [
      {
        sanType: SubjectAltNameMatcher_SanType.URI,
        matcher: { matchPattern: { case: 'prefix', value: `spiffe://${trustDomain}/` } },
      },
    ],
  };
}
