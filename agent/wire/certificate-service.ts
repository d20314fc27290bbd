import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { readFields } from './discovery.ts';

// Istio's certificate service, istio.io/api security/v1alpha1/ca.proto (here ca/api/istio_ca.proto).

export const createCertificatePath = '/istio.v1.auth.IstioCertificateService/CreateCertificate';

/** `IstioCertificateRequest`: a PEM-encoded PKCS#10 request and the wanted lifetime in seconds. */
export function encodeCertificateRequest(csr: string, lifetimeSeconds: number): Uint8Array {
  return new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(csr)
    .tag(3, WireType.Varint)
    .int64(lifetimeSeconds)
    .finish();
}

/** `IstioCertificateResponse`: PEM certificates, the leaf first, the root bundle last. */
export function decodeCertificateResponse(bytes: Uint8Array): readonly string[] {
  const chain: string[] = [];
  readFields(bytes, (field, reader) => {
    if (field !== 1) return false;
    chain.push(reader.string());
    return true;
  });
  return chain;
}
