import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type { ServerUnaryCall, ServiceDefinition, UntypedServiceImplementation, sendUnaryData } from '@grpc/grpc-js';
import { AuthenticationError } from '../lib/authentication.ts';
import type { Authenticate } from '../lib/authentication.ts';
import { describeError } from '../lib/errors.ts';
import { credentialsOf } from '../lib/grpc-credentials.ts';
import type { CallWithCredentials } from '../lib/grpc-credentials.ts';
import { IstioCertificateRequestSchema, IstioCertificateResponseSchema } from './api/gen/istio_ca_pb.js';
import type { IstioCertificateRequest } from './api/gen/istio_ca_pb.js';
import { createIssuance, IssuanceError } from './issuance.ts';
import type { Issue, IssuanceOptions } from './issuance.ts';
import { maxRequestBytes } from './signing-request.ts';

/** A service as `grpc.Server.addService` takes it. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface CertificateServiceOptions extends IssuanceOptions {
  readonly authenticate: Authenticate;
}

/** Longest message that is decoded, bytes: the signing request and some metadata. */
const maxMessageBytes = maxRequestBytes + 8192;

const bytes = (value: Buffer): Buffer => value;

/** istio.v1.auth.IstioCertificateService, to be added to a gRPC server. */
export function certificateService(options: CertificateServiceOptions): GrpcService {
  const issue = createIssuance(options);
  const createCertificate = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    answer(options, issue, call, call.request).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toStatus(error, options)),
    );
  };
  return {
    definition: {
      createCertificate: {
        path: '/istio.v1.auth.IstioCertificateService/CreateCertificate',
        requestStream: false,
        responseStream: false,
        // Messages stay bytes until the caller is known, and bad ones are answered by us rather than by grpc-js.
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    },
    implementation: { createCertificate },
  };
}

async function answer(
  options: CertificateServiceOptions,
  issue: Issue,
  call: CallWithCredentials,
  message: Buffer,
): Promise<Buffer> {
  options.metrics.requested();
  const caller = await options.authenticate(credentialsOf(call));
  const response = await issue(caller, readMessage(message, options));
  return Buffer.from(toBinary(IstioCertificateResponseSchema, response));
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
  'invalid-argument': status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  unavailable: status.UNAVAILABLE,
} as const;

function toStatus(error: unknown, options: CertificateServiceOptions): { code: status; details: string } {
  if (error instanceof AuthenticationError || error instanceof IssuanceError) {
    if (error instanceof AuthenticationError) options.metrics.notAuthenticated();
    options.logger.warn('certificate refused', { reason: error.message });
    return { code: codes[error.kind], details: error.message };
  }
  options.logger.error('certificate could not be issued', { error: describeError(error) });
  return { code: status.INTERNAL, details: 'the certificate could not be issued; istiod has logged why' };
}
