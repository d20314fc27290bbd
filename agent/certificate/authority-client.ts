import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { GrpcError } from '../grpc/frames.ts';
import { unaryCall } from '../grpc/unary-call.ts';
import {
  createCertificatePath,
  decodeCertificateResponse,
  encodeCertificateRequest,
} from '../wire/certificate-service.ts';

export interface AuthorityOptions {
  /** `host:port` of istiod's TLS port. */
  readonly address: string;
  /** Read anew for each call: the kubelet replaces the token, the operator the roots. */
  readonly tokenFile: string;
  readonly rootCertFile: string;
  /** Names the cluster whose API server vouches for the token. */
  readonly clusterId: string;
  readonly lifetimeSeconds: number;
  readonly timeoutMs: number;
}

/**
 * Asks the certificate authority to sign a request; gives PEM certificates, the leaf first and the root bundle last.
 * Rejects with an Error that names the address, gRPC's code and the authority's own words.
 */
export async function requestCertificate(
  options: AuthorityOptions,
  signingRequest: string,
): Promise<readonly string[]> {
  const [token, roots] = await Promise.all([readText(options.tokenFile), readText(options.rootCertFile)]);
  const host = hostOf(options.address);
  try {
    const answer = await unaryCall({
      target: `https://${options.address}`,
      path: createCertificatePath,
      request: encodeCertificateRequest(signingRequest, options.lifetimeSeconds),
      metadata: { authorization: `Bearer ${token.trim()}`, clusterid: options.clusterId },
      timeoutMs: options.timeoutMs,
      tls: { ca: roots, minVersion: 'TLSv1.2', ...(isIP(host) === 0 ? { servername: host } : {}) },
    });
    return decodeCertificateResponse(answer);
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    throw new Error(`certificate authority ${options.address}: ${error.message} (gRPC status ${error.code})`, {
      cause: error,
    });
  }
}

async function readText(file: string): Promise<string> {
  const text = await readFile(file, 'utf8');
  if (text.trim() === '') throw new Error(`${file} is empty`);
  return text;
}

/** The host of `host:port`, without the brackets of IPv6. */
export function hostOf(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
