import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { AuthenticationError } from '../lib/authentication.ts';
import type { Authenticate } from '../lib/authentication.ts';
import { describeError } from '../lib/errors.ts';
import { credentialsOf } from '../lib/grpc-credentials.ts';
import type { GrpcCall, GrpcMethods } from '../lib/grpc-server/methods.ts';
import { GrpcError, grpcStatus } from '../lib/grpc-server/status.ts';
import type { Caller } from '../lib/identity.ts';
import type { Logger } from '../lib/logger.ts';
import { IstioCertificateRequestSchema, IstioCertificateResponseSchema } from './api/gen/istio_ca_pb.js';
import type { IstioCertificateRequest } from './api/gen/istio_ca_pb.js';
import { CallerLimits } from './caller-limits.ts';
import { createIssuance, IssuanceError } from './issuance.ts';
import type { Issue, IssuanceOptions } from './issuance.ts';
import { maxRequestBytes } from './signing-request.ts';

export interface CertificateServiceOptions extends IssuanceOptions {
  readonly authenticate: Authenticate;
  /** {@link CallerLimits} with its defaults when left out. */
  readonly callerLimits?: CallerLimits;
  /** For what is wrong with istiod itself; what is asked and answered is in the audit trail. */
  readonly logger: Logger;
}

/** Longest message that is taken in, bytes: the signing request and some metadata. */
const maxMessageBytes = maxRequestBytes + 8192;

/** istio.v1.auth.IstioCertificateService, for a gRPC server. */
export function certificateService(options: CertificateServiceOptions): GrpcMethods {
  const service = new CertificateService(options);
  return {
    '/istio.v1.auth.IstioCertificateService/CreateCertificate': {
      kind: 'unary',
      maxRequestBytes: maxMessageBytes,
      answer: (call, message) => service.answer(call, message),
    },
  };
}

class CertificateService {
  readonly #options: CertificateServiceOptions;
  readonly #limits: CallerLimits;
  readonly #issue: Issue;

  constructor(options: CertificateServiceOptions) {
    this.#options = options;
    this.#limits = options.callerLimits ?? new CallerLimits();
    this.#issue = createIssuance(options);
  }

  /** Rejects with GrpcError. */
  async answer(call: GrpcCall, message: Buffer): Promise<Uint8Array> {
    this.#options.metrics.requested();
    let caller: Caller | undefined;
    try {
      caller = await this.#authenticate(call);
      this.#limit(caller);
      const request = this.#read(message);
      const response = await this.#issue({ caller, peer: call.peerAddress }, request);
      return toBinary(IstioCertificateResponseSchema, response);
    } catch (error) {
      throw this.#refuse(error, call, caller);
    }
  }

  async #authenticate(call: GrpcCall): Promise<Caller> {
    const credentials = credentialsOf(call);
    // Who shows a certificate of the mesh has been proven by TLS; anything else may cost the API server a question.
    const address = call.peerAddress ?? '';
    if (credentials.peerCertificate === undefined && !this.#limits.mayTry(address)) {
      this.#options.metrics.limited('address');
      throw new IssuanceError('exhausted', 'too many credentials from this address were refused; try again in a while');
    }
    try {
      return await this.#options.authenticate(credentials);
    } catch (error) {
      const isRefused = error instanceof AuthenticationError && error.kind === 'unauthenticated';
      if (isRefused) {
        this.#options.metrics.notAuthenticated();
        this.#limits.refused(address);
      }
      throw error;
    }
  }

  #limit(caller: Caller): void {
    if (this.#limits.takeCertificate(caller)) return;
    this.#options.metrics.limited('caller');
    const { burst, perSecond } = this.#limits.certificateRate;
    const most = `${burst} certificates at once and ${perSecond} a second from then on are the most for one caller`;
    throw new IssuanceError('exhausted', `${most}; try again in a second`);
  }

  #read(message: Buffer): IstioCertificateRequest {
    const request = decode(message);
    if (request === undefined) {
      this.#options.metrics.requestRefused();
      throw new IssuanceError('invalid-argument', 'the message is not an IstioCertificateRequest', 'CSR_ERROR');
    }
    if (wantsImpersonation(request)) {
      this.#options.metrics.notAuthenticated();
      const reason = 'metadata ImpersonatedIdentity: no caller may ask for the certificate of another here';
      throw new IssuanceError('unauthenticated', reason);
    }
    return request;
  }

  /** What the client is told; it is written and counted, too. */
  #refuse(error: unknown, call: GrpcCall, caller: Caller | undefined): GrpcError {
    const { audit, logger, metrics } = this.#options;
    const asker = { caller, peer: call.peerAddress };
    if (error instanceof AuthenticationError || error instanceof IssuanceError) {
      if (error instanceof IssuanceError && error.failure !== undefined) metrics.notSigned(error.failure);
      audit.refused(asker, error.message);
      return new GrpcError(codes[error.kind], error.message);
    }
    metrics.notSigned('CERT_GEN_ERROR');
    audit.refused(asker, 'an error of istiod itself');
    logger.error('certificate could not be issued', { error: describeError(error) });
    return new GrpcError(grpcStatus.internal, 'the certificate could not be issued; istiod has logged why');
  }
}

function decode(message: Buffer): IstioCertificateRequest | undefined {
  try {
    return fromBinary(IstioCertificateRequestSchema, message);
  } catch {
    // The decoder's words about offsets help nobody.
    return undefined;
  }
}

/** Istio's ztunnel names so the pod of its node that it asks for; ignored, it would be given a certificate of its own. */
function wantsImpersonation({ metadata }: IstioCertificateRequest): boolean {
  const wanted = metadata?.['ImpersonatedIdentity'];
  return wanted !== undefined && wanted !== '';
}

const codes = {
  'invalid-argument': grpcStatus.invalidArgument,
  unauthenticated: grpcStatus.unauthenticated,
  unavailable: grpcStatus.unavailable,
  exhausted: grpcStatus.resourceExhausted,
} as const;
