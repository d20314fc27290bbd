import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { AuthenticationError } from '../lib/authentication.ts';
import type { Authenticate } from '../lib/authentication.ts';
import { describeError } from '../lib/errors.ts';
import { credentialsOf } from '../lib/grpc-credentials.ts';
import type { GrpcCall, GrpcMethods } from '../lib/grpc-server/methods.ts';
import { GrpcError, grpcStatus } from '../lib/grpc-server/status.ts';
import { IstioCertificateRequestSchema, IstioCertificateResponseSchema } from './api/gen/istio_ca_pb.js';
import type { IstioCertificateRequest } from './api/gen/istio_ca_pb.js';
import { createIssuance, IssuanceError } from './issuance.ts';
import type { Issue, IssuanceOptions } from './issuance.ts';
import { maxRequestBytes } from './signing-request.ts';

export interface CertificateServiceOptions extends IssuanceOptions {
  readonly authenticate: Authenticate;
}

/** Longest message that is decoded, bytes: the signing request and some metadata. */
const maxMessageBytes = maxRequestBytes + 8192;

/** istio.v1.auth.IstioCertificateService, for a gRPC server. */
export function certificateService(options: CertificateServiceOptions): GrpcMethods {
  const issue = createIssuance(options);
  return {
    '/istio.v1.auth.IstioCertificateService/CreateCertificate': {
      kind: 'unary',
      answer: async (call, request) => {
        try {
          return await answer(options, issue, call, request);
        } catch (error) {
          throw toStatus(error, options);
        }
      },
    },
  };
}

async function answer(
  options: CertificateServiceOptions,
  issue: Issue,
  call: GrpcCall,
  message: Buffer,
): Promise<Uint8Array> {
  options.metrics.requested();
  const caller = await options.authenticate(credentialsOf(call));
  const response = await issue(caller, readMessage(message, options));
  return toBinary(IstioCertificateResponseSchema, response);
}

function readMessage(message: Buffer, options: CertificateServiceOptions): IstioCertificateRequest {
  if (message.length <= maxMessageBytes) {
    try {
      return fromBinary(IstioCertificateRequestSchema, message);
    } catch {
      // Told below, without the decoder's words about offsets.
    }
  }
  options.metrics.requestRefused();
  const most = `at most ${String(maxMessageBytes)} bytes`;
  throw new IssuanceError('invalid-argument', `the message is not an IstioCertificateRequest of ${most}`);
}

const codes = {
  'invalid-argument': grpcStatus.invalidArgument,
  unauthenticated: grpcStatus.unauthenticated,
  unavailable: grpcStatus.unavailable,
} as const;

function toStatus(error: unknown, options: CertificateServiceOptions): GrpcError {
  if (error instanceof AuthenticationError || error instanceof IssuanceError) {
    if (error instanceof AuthenticationError) options.metrics.notAuthenticated();
    options.logger.warn('certificate refused', { reason: error.message });
    return new GrpcError(codes[error.kind], error.message);
  }
  options.logger.error('certificate could not be issued', { error: describeError(error) });
  return new GrpcError(grpcStatus.internal, 'the certificate could not be issued; istiod has logged why');
}
