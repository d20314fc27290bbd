import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode, encoded, objectIdentifier, octetString, sequence, set } from './der.ts';
import { encodePem } from './pem.ts';
import { publicKeyOf } from './public-key.ts';
import { parseSigningRequest, SigningRequestError } from './signing-request.ts';
import { ecKey, makeRequest, makeRequestDer, rsaKey } from './signing-request.testing.ts';

const p256 = ecKey();
const p384 = ecKey('P-384');
const rsa2048 = rsaKey(2048);
const good = makeRequestDer({ key: p256 });
const pem = (der: Buffer): string => encodePem('CERTIFICATE REQUEST', der);

function extensionRequest(): ReturnType<typeof encoded> {
  const names = encode(sequence(encoded(Buffer.from('\x86\x13spiffe://x/ns/a/sa/b', 'latin1'))));
  const extension = sequence(objectIdentifier('2.5.29.17'), octetString(names));
  const attribute = sequence(objectIdentifier('1.2.840.113549.1.9.14'), set(sequence(extension)));
  const content = encode(attribute);
  return encoded(Buffer.concat([Buffer.of(0xa0, content.length), content]));
}

describe('parseSigningRequest', () => {
  it.each([
    ['ECDSA P-256', p256, 'sha256'],
    ['ECDSA P-384', p384, 'sha384'],
    ['RSA 2048', rsa2048, 'sha256'],
  ])('takes the key of a request made with %s', async (_name, key, hash) => {
    const { publicKey } = await parseSigningRequest(makeRequest({ key, hash }));
    expect(publicKey.equals(publicKeyOf(key))).toBe(true);
  });

  it('takes requests without the attributes field, and those that ask for extensions', async () => {
    await parseSigningRequest(makeRequest({ key: p256, attributes: [] }));
    await parseSigningRequest(makeRequest({ key: p256, attributes: [extensionRequest()] }));
  });

  it('meets any bytes with a SigningRequestError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await expect(parseSigningRequest(pem(Buffer.from(bytes)))).rejects.toThrow(SigningRequestError);
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 300 }), async (text) => {
        await expect(parseSigningRequest(text)).rejects.toThrow(SigningRequestError);
      }),
    );
  });

  it('meets a good request with any bytes changed with a SigningRequestError, unless they are what they were', async () => {
    const edit = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        const der = Buffer.from(good);
        for (const [offset, value] of edits) der[offset] = value;
        fc.pre(!der.equals(good));
        await expect(parseSigningRequest(pem(der))).rejects.toThrow(SigningRequestError);
      }),
      { numRuns: 500 },
    );
  });
});
