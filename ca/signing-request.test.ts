import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bitString,
  encode,
  encoded,
  nothing,
  objectIdentifier,
  octetString,
  readHeader,
  sequence,
  set,
  utf8String,
} from './der.ts';
import { encodePem } from './pem.ts';
import { publicKeyOf } from './public-key.ts';
import { parseSigningRequest, SigningRequestError } from './signing-request.ts';
import { ecKey, makeRequest, makeRequestDer, noAttributes, rsaKey } from './signing-request.testing.ts';

const p256 = ecKey();
const p384 = ecKey('P-384');
const rsa2048 = rsaKey(2048);
const good = makeRequestDer({ key: p256 });
const pem = (der: Buffer): string => encodePem('CERTIFICATE REQUEST', der);

/** A request with one byte changed. */
function changed(offset: number, value: number): string {
  const der = Buffer.from(good);
  der[offset < 0 ? der.length + offset : offset] = value;
  return pem(der);
}

function compressedPoint(): Buffer {
  const spki = publicKeyOf(p256);
  const point = Buffer.concat([Buffer.of(2 + ((spki.at(-1) ?? 0) & 1)), spki.subarray(-64, -32)]);
  const algorithm = sequence(objectIdentifier('1.2.840.10045.2.1'), objectIdentifier('1.2.840.10045.3.1.7'));
  return encode(sequence(algorithm, bitString(point)));
}

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

  const refused: readonly (readonly [what: string, request: () => string, reason: RegExp])[] = [
    ['nothing', () => '', /empty/],
    ['text', () => 'hello', /not PEM/],
    ['white space', () => ' '.repeat(8000), /not PEM/],
    ['too much', () => pem(good) + ' '.repeat(8192), /longer than 8192/],
    ['two requests', () => pem(good) + pem(good), /more than one/],
    ['a certificate block', () => encodePem('CERTIFICATE', good), /type "CERTIFICATE"/],
    ['a private key block', () => encodePem('PRIVATE KEY', good), /type "PRIVATE KEY"/],
    ['a block without end', () => pem(good).replace(/-----END.*/s, ''), /cut short/],
    ['a block whose end has another label', () => pem(good).replace('END CERTIFICATE', 'END X'), /cut short/],
    ['an empty block', () => '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n', /cut short/],
    ['random bytes', () => pem(Buffer.from('00ff00ff', 'hex')), /is not/],
    ['one byte', () => pem(Buffer.of(0x30)), /is not ASN.1/],
    ['a length beyond the end', () => pem(good.subarray(0, 40)), /is not ASN.1/],
    ['bytes behind the request', () => pem(Buffer.concat([good, Buffer.of(0)])), /is not ASN.1/],
    [
      'an indefinite length',
      () => pem(Buffer.concat([Buffer.of(0x30, 0x80), good.subarray(3), Buffer.of(0, 0)])),
      /DER/,
    ],
    ['a long form of a short length', () => pem(Buffer.from('30820003020100', 'hex')), /DER/],
    ['a padded integer', () => pem(Buffer.from('300402020000', 'hex')), /DER/],
    ['deep nesting', () => pem(nested(1500)), /is not ASN.1/],
    ['an integer', () => pem(Buffer.from('020100', 'hex')), /the request is missing or of another type/],
    ['an empty sequence', () => pem(Buffer.from('3000', 'hex')), /content is missing/],
    ['a fourth part', () => makeRequest({ key: p256, extra: [nothing()] }), /more parts than three/],
    ['version 1', () => makeRequest({ key: p256, version: 1 }), /version is not 0/],
    ['a subject that is not a name', () => makeRequest({ key: p256, subject: utf8String('x') }), /subject/],
    ['two attribute fields', () => makeRequest({ key: p256, attributes: [noAttributes, noAttributes] }), /four/],
    ['a public key that is none', () => makeRequest({ key: p256, publicKey: encode(sequence()) }), /cannot be read/],
    ['a point that is not on the curve', () => changed(good.indexOf(publicKeyOf(p256)) + 40, 7), /key/],
    ['a compressed point', () => makeRequest({ key: p256, publicKey: compressedPoint() }), /compressed/],
    ['RSA of 1024 bits', () => makeRequest({ key: rsaKey(1024) }), /RSA of 1024 bits/],
    ['the curve secp256k1', () => makeRequest({ key: ecKey('secp256k1') }), /secp256k1/],
    ['the curve P-521', () => makeRequest({ key: ecKey('P-521'), hash: 'sha256' }), /secp521r1/],
    ['an Ed25519 key', () => makeRequest({ key: p256, publicKey: ed25519() }), /type ed25519/],
    ['an X25519 key', () => makeRequest({ key: p256, publicKey: x25519() }), /type x25519/],
    [
      'SHA-1',
      () => makeRequest({ key: p256, hash: 'sha1', algorithm: algorithm('1.2.840.10045.4.1') }),
      /not supported/,
    ],
    ['MD5', () => makeRequest({ key: rsa2048, algorithm: algorithm('1.2.840.113549.1.1.4') }), /not supported/],
    ['an RSA signature of an ECDSA key', () => makeRequest({ key: p256, algorithm: rsaAlgorithm() }), /does not fit/],
    [
      'parameters with ECDSA',
      () => makeRequest({ key: p256, algorithm: withNull('1.2.840.10045.4.3.2') }),
      /parameters/,
    ],
    ['RSA without parameters', () => makeRequest({ key: rsa2048, algorithm: algorithm(rsaOid) }), /parameters/],
    ['an empty object identifier', () => makeRequest({ key: p256, algorithm: emptyOid() }), /empty object identifier/],
    ['a signature by another key', () => makeRequest({ key: p256, signingKey: ecKey() }), /does not fit the key/],
    ['a signature of other content', () => changed(-1, (good.at(-1) ?? 0) ^ 1), /does not fit the key/],
    ['another hash than is named', () => makeRequest({ key: p256, hash: 'sha512' }), /does not fit the key/],
    ['a signature with unused bits', () => unusedBits(), /whole number of bytes/],
  ];

  it.each(refused)('refuses %s', async (_what, request, reason) => {
    const parsed = parseSigningRequest(request());
    await expect(parsed).rejects.toThrow(SigningRequestError);
    await expect(parsed).rejects.toThrow(reason);
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

const rsaOid = '1.2.840.113549.1.1.11';
const algorithm = (oid: string): ReturnType<typeof sequence> => sequence(objectIdentifier(oid));
const withNull = (oid: string): ReturnType<typeof sequence> => sequence(objectIdentifier(oid), nothing());
const rsaAlgorithm = (): ReturnType<typeof sequence> => withNull(rsaOid);
const emptyOid = (): ReturnType<typeof sequence> => sequence(encoded(Buffer.of(0x06, 0x00)));
const ed25519 = (): Buffer => publicKeyOf(generateKeyPairSync('ed25519').publicKey);
const x25519 = (): Buffer => publicKeyOf(generateKeyPairSync('x25519').publicKey);

function unusedBits(): string {
  const info = readHeader(good, readHeader(good, 0).contents).end;
  const signature = readHeader(good, info).end;
  return changed(readHeader(good, signature).contents, 1);
}

function nested(depth: number): Buffer {
  let der = Buffer.alloc(0);
  for (let level = 0; level < depth; level++) {
    const length = der.length < 0x80 ? Buffer.of(der.length) : Buffer.of(0x82, der.length >> 8, der.length & 0xff);
    if (der.length >= 0x80 && der.length < 0x100) length[1] = 0;
    der = Buffer.concat([Buffer.of(0x30), length, der]);
  }
  return der;
}
