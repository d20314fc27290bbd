import { generateKeyPairSync } from 'node:crypto';
import {
  bitString,
  encode,
  encoded,
  integer,
  joined,
  nothing,
  objectIdentifier,
  readHeader,
  sequence,
  set,
  utf8String,
} from './der.ts';
import type { Element } from './der.ts';
import { encodePem } from './pem.ts';
import { publicKeyOf } from './public-key.ts';
import { ecKey, makeRequest, makeRequestDer, noAttributes, rsaKey } from './signing-request.testing.ts';

/** What is bad, how it is made, and what its refusal says. */
export type BadInput<T> = readonly [what: string, make: () => T, reason: RegExp];

const p256 = ecKey();
const rsa2048 = rsaKey(2048);
const good = makeRequestDer({ key: p256 });
const pem = (der: Buffer): string => encodePem('CERTIFICATE REQUEST', der);
const goodPem = pem(good);

/** The good request with one byte changed; offsets below 0 count from the end. */
function changed(offset: number, value: number): string {
  const der = Buffer.from(good);
  der[offset < 0 ? der.length + offset : offset] = value;
  return pem(der);
}

/** A request whose public key is these bytes; its signature is another key's, which nobody gets to see. */
const withKey = (publicKey: Buffer): string => makeRequest({ key: p256, publicKey });
const withAlgorithm = (algorithm: Element): string => makeRequest({ key: p256, algorithm });

const oid = (dotted: string, ...parameters: Element[]): Element => sequence(objectIdentifier(dotted), ...parameters);
const ecOid = '1.2.840.10045.2.1';
const p256Oid = objectIdentifier('1.2.840.10045.3.1.7');
const rsaOid = '1.2.840.113549.1.1.1';
const sha256WithRsa = '1.2.840.113549.1.1.11';

const point = (bytes: Buffer, ...curve: Element[]): Buffer =>
  encode(sequence(oid(ecOid, ...(curve.length > 0 ? curve : [p256Oid])), bitString(bytes)));
const goodPoint = publicKeyOf(p256).subarray(-65);
const compressed = Buffer.concat([Buffer.of(2 + ((goodPoint.at(-1) ?? 0) & 1)), goodPoint.subarray(1, 33)]);

/** An RSA key of these numbers, big-endian, as INTEGERs hold them. */
function rsaNumbers(modulus: Buffer, exponent: Buffer, ...more: Element[]): Buffer {
  const raw = (bytes: Buffer): Element => encoded(joined(0x02, bytes));
  const numbers = encode(sequence(raw(modulus), raw(exponent), ...more));
  return encode(sequence(oid(rsaOid, nothing()), bitString(numbers)));
}
const odd = (bits: number): Buffer => {
  const bytes = Buffer.alloc(bits / 8 + 1, 0xa5);
  bytes[0] = 0;
  return bytes;
};
const f4 = Buffer.of(1, 0, 1);

const generated = (type: 'ed25519' | 'ed448' | 'x25519' | 'x448'): Buffer =>
  publicKeyOf(generateKeyPairSync(type as 'ed25519').publicKey);
const dsa = (): Buffer =>
  publicKeyOf(generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).publicKey);
const pss = (): Buffer => publicKeyOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey);
const explicitCurve = (): Buffer =>
  publicKeyOf(generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey);

function nested(depth: number): Buffer {
  let der: Buffer = Buffer.alloc(0);
  for (let level = 0; level < depth; level++) der = joined(0x30, der);
  return der;
}

/** The request's own bytes of its three parts. */
function parts(): readonly [info: Buffer, algorithm: Buffer, signature: Buffer] {
  const first = readHeader(good, 0).contents;
  const second = readHeader(good, first).end;
  const third = readHeader(good, second).end;
  return [good.subarray(first, second), good.subarray(second, third), good.subarray(third)];
}
const [info, algorithm, signature] = parts();
const outer = (...pieces: Buffer[]): string => pem(joined(0x30, ...pieces));

const texts: readonly BadInput<string>[] = [
  ['nothing', () => '', /empty/],
  ['text', () => 'hello', /not PEM/],
  ['white space', () => ' '.repeat(8000), /not PEM/],
  ['binary', () => good.toString('latin1'), /not PEM/],
  ['zeros', () => '\0'.repeat(100), /not PEM/],
  ['too much', () => goodPem + ' '.repeat(8192), /longer than 8192/],
  ['ten thousand beginnings', () => '-----BEGIN A-----\n'.repeat(450), /cut short or not base64/],
  ['two requests', () => goodPem + goodPem, /more than one/],
  ['a certificate block', () => encodePem('CERTIFICATE', good), /type "CERTIFICATE"/],
  ['a private key block', () => encodePem('PRIVATE KEY', good), /type "PRIVATE KEY"/],
  ['a block without end', () => goodPem.replace(/-----END.*/s, ''), /cut short/],
  ['an end without beginning', () => goodPem.replace(/-----BEGIN[^\n]*\n/, ''), /not PEM/],
  ['a block whose end has another label', () => goodPem.replace('END CERTIFICATE', 'END X'), /cut short/],
  ['an empty block', () => '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n', /cut short/],
  ['letters that are not base64', () => goodPem.replace(/\nMI/, '\n$$%'), /cut short or not base64|is not/],
  ['a request that is cut in the middle', () => pem(good.subarray(0, good.length / 2)), /is not ASN.1/],
];

const encodings: readonly BadInput<string>[] = [
  ['random bytes', () => pem(Buffer.from('00ff00ff', 'hex')), /is not/],
  ['one byte', () => pem(Buffer.of(0x30)), /is not ASN.1/],
  ['a length beyond the end', () => pem(good.subarray(0, 40)), /is not ASN.1/],
  ['a length of four gigabytes', () => pem(Buffer.from('3084ffffffff0201', 'hex')), /is not ASN.1/],
  ['a length of 126 bytes', () => pem(Buffer.concat([Buffer.of(0x30, 0xfe), Buffer.alloc(126, 0xff)])), /is not ASN.1/],
  ['bytes behind the request', () => pem(Buffer.concat([good, Buffer.of(0)])), /is not ASN.1/],
  ['an indefinite length', () => pem(Buffer.concat([Buffer.of(0x30, 0x80), good.subarray(3), Buffer.of(0, 0)])), /DER/],
  ['a long form of a short length', () => pem(Buffer.from('30820003020100', 'hex')), /DER/],
  ['a padded integer', () => pem(Buffer.from('300402020000', 'hex')), /DER/],
  ['deep nesting', () => pem(nested(1200)), /is not ASN.1/],
  ['an integer', () => pem(Buffer.from('020100', 'hex')), /the request is missing or of another type/],
  ['an empty sequence', () => pem(Buffer.from('3000', 'hex')), /content is missing/],
  ['the content alone', () => pem(info), /is malformed/],
  ['neither algorithm nor signature', () => outer(info), /signature is missing/],
  ['no signature', () => outer(info, algorithm), /signature is missing/],
  ['signature and algorithm in turned order', () => outer(info, signature, algorithm), /of another type/],
  ['an empty signature', () => outer(info, algorithm, Buffer.of(3, 1, 0)), /does not fit the key/],
  [
    'a signature of zeros',
    () => outer(info, algorithm, Buffer.from('0307003004020002 00'.replace(' ', ''), 'hex')),
    /does not fit|not ASN/,
  ],
  [
    'a bit string without its first byte',
    () => outer(info, algorithm, Buffer.of(3, 0)),
    /whole number of bytes|DER|ASN/,
  ],
  ['a signature with unused bits', () => unusedBits(), /whole number of bytes/],
  ['a fourth part', () => makeRequest({ key: p256, extra: [nothing()] }), /more parts than three/],
  ['version 1', () => makeRequest({ key: p256, version: 1 }), /version is not 0/],
  ['version -1', () => makeRequest({ key: p256, version: 255 }), /version is not 0/],
  ['a subject that is text', () => makeRequest({ key: p256, subject: utf8String('x') }), /subject/],
  ['a subject that is a set', () => makeRequest({ key: p256, subject: set() }), /subject/],
  [
    'a public key that is a number',
    () => withKey(encode(integer(Buffer.of(1)))),
    /the public key is missing or of another/,
  ],
  ['two attribute fields', () => makeRequest({ key: p256, attributes: [noAttributes, noAttributes] }), /four/],
];

const keys: readonly BadInput<string>[] = [
  ['a public key that is none', () => withKey(encode(sequence())), /cannot be read/],
  [
    'a public key with a third part',
    () => withKey(encode(sequence(oid(ecOid, p256Oid), bitString(goodPoint), nothing()))),
    /cannot be read/,
  ],
  ['a point that is not on the curve', () => changed(good.indexOf(publicKeyOf(p256)) + 40, 7), /cannot be read/],
  ['a compressed point', () => withKey(point(compressed)), /compressed/],
  ['a hybrid point', () => withKey(point(Buffer.concat([Buffer.of(6), goodPoint.subarray(1)]))), /cannot be read/],
  ['the point at infinity', () => withKey(point(Buffer.of(0))), /cannot be read/],
  ['an empty point', () => withKey(point(Buffer.alloc(0))), /cannot be read/],
  ['a point that is too long', () => withKey(point(Buffer.concat([goodPoint, Buffer.of(0)]))), /cannot be read/],
  ['a point of zeros', () => withKey(point(Buffer.concat([Buffer.of(4), Buffer.alloc(64)]))), /cannot be read/],
  ['a point of P-256 on P-384', () => withKey(point(goodPoint, objectIdentifier('1.3.132.0.34'))), /cannot be read/],
  ['a curve spelled out by its parameters', () => withKey(explicitCurve()), /unusual way/],
  ['a curve of no name', () => withKey(point(goodPoint, objectIdentifier('1.2.3.4'))), /cannot be read/],
  ['the curve secp256k1', () => makeRequest({ key: ecKey('secp256k1') }), /curve secp256k1; use P-256/],
  ['the curve P-224', () => makeRequest({ key: ecKey('secp224r1') }), /curve secp224r1/],
  ['the curve P-521', () => makeRequest({ key: ecKey('P-521'), hash: 'sha256' }), /curve secp521r1/],
  ['a curve of Brainpool', () => makeRequest({ key: ecKey('brainpoolP256r1') }), /curve brainpoolP256r1/],
  ['an Ed25519 key', () => withKey(generated('ed25519')), /type ed25519; use ECDSA or RSA/],
  ['an Ed448 key', () => withKey(generated('ed448')), /type ed448/],
  ['an X25519 key', () => withKey(generated('x25519')), /type x25519/],
  ['an X448 key', () => withKey(generated('x448')), /type x448/],
  ['a DSA key', () => withKey(dsa()), /type dsa/],
  ['an RSA key for PSS alone', () => withKey(pss()), /type rsa-pss/],
  ['RSA of 1024 bits', () => makeRequest({ key: rsaKey(1024) }), /RSA of 1024 bits; use 2048 to 4096/],
  ['RSA of 8192 bits', () => withKey(rsaNumbers(odd(8192), f4)), /RSA of 8192 bits/],
  ['RSA of 16384 bits', () => withKey(rsaNumbers(odd(16_384), f4)), /RSA of 16384 bits/],
  ['RSA with a modulus of 0', () => withKey(rsaNumbers(Buffer.of(0), f4)), /RSA of 0 bits/],
  ['RSA with a negative modulus', () => withKey(rsaNumbers(odd(2048).subarray(1), f4)), /negative/],
  [
    'RSA with an even modulus',
    () => withKey(rsaNumbers(Buffer.concat([odd(2048).subarray(0, -1), Buffer.of(2)]), f4)),
    /even modulus/,
  ],
  ['RSA with the exponent 1', () => withKey(rsaNumbers(odd(2048), Buffer.of(1))), /exponent outside/],
  ['RSA with a negative exponent', () => withKey(rsaNumbers(odd(2048), Buffer.of(0xff))), /negative/],
  ['RSA with a huge exponent', () => withKey(rsaNumbers(odd(2048), odd(2048))), /exponent outside/],
  [
    'RSA with an exponent of five bytes',
    () => withKey(rsaNumbers(odd(2048), Buffer.of(1, 0, 0, 0, 1))),
    /exponent outside/,
  ],
  ['RSA with a third number', () => withKey(rsaNumbers(odd(2048), f4, nothing())), /more parts than two/],
  [
    'RSA whose key is text',
    () => withKey(encode(sequence(oid(rsaOid, nothing()), bitString(Buffer.from('key'))))),
    /malformed|is not/,
  ],
  [
    'RSA without the parameter of its key',
    () => withKey(encode(sequence(oid(rsaOid), bitString(Buffer.of(0x30, 0))))),
    /unusual|cannot be read/,
  ],
];

const signatures: readonly BadInput<string>[] = [
  [
    'SHA-1 with ECDSA',
    () => makeRequest({ key: p256, hash: 'sha1', algorithm: oid('1.2.840.10045.4.1') }),
    /not supported/,
  ],
  [
    'SHA-224 with ECDSA',
    () => makeRequest({ key: p256, hash: 'sha224', algorithm: oid('1.2.840.10045.4.3.1') }),
    /not supported/,
  ],
  [
    'SHA-1 with RSA',
    () => makeRequest({ key: rsa2048, hash: 'sha1', algorithm: oid('1.2.840.113549.1.1.5', nothing()) }),
    /not supported/,
  ],
  ['MD5', () => makeRequest({ key: rsa2048, algorithm: oid('1.2.840.113549.1.1.4', nothing()) }), /not supported/],
  [
    'RSA-PSS',
    () => makeRequest({ key: rsa2048, algorithm: oid('1.2.840.113549.1.1.10', sequence()) }),
    /not supported/,
  ],
  ['Ed25519 as algorithm', () => withAlgorithm(oid('1.3.101.112')), /not supported/],
  ['an RSA signature of an ECDSA key', () => withAlgorithm(oid(sha256WithRsa, nothing())), /does not fit/],
  [
    'an ECDSA signature of an RSA key',
    () => makeRequest({ key: rsa2048, algorithm: oid('1.2.840.10045.4.3.2') }),
    /does not fit/,
  ],
  ['parameters with ECDSA', () => withAlgorithm(oid('1.2.840.10045.4.3.2', nothing())), /parameters/],
  ['RSA without parameters', () => makeRequest({ key: rsa2048, algorithm: oid(sha256WithRsa) }), /parameters/],
  [
    'RSA with two parameters',
    () => makeRequest({ key: rsa2048, algorithm: oid(sha256WithRsa, nothing(), nothing()) }),
    /parameters/,
  ],
  ['an empty algorithm', () => withAlgorithm(sequence()), /signature algorithm is missing/],
  [
    'an empty object identifier',
    () => withAlgorithm(sequence(encoded(Buffer.of(0x06, 0x00)))),
    /empty object identifier/,
  ],
  ['a signature by another key', () => makeRequest({ key: p256, signingKey: ecKey() }), /does not fit the key/],
  [
    'a signature by another RSA key',
    () => makeRequest({ key: rsa2048, signingKey: rsaKey(2048) }),
    /does not fit the key/,
  ],
  ['a signature of other content', () => changed(-1, (good.at(-1) ?? 0) ^ 1), /does not fit the key/],
  ['another hash than is named', () => makeRequest({ key: p256, hash: 'sha512' }), /does not fit the key/],
  ["another's request with one's own key", () => stolen(), /does not fit the key/],
];

/** Requests for certificates that must be refused, each for one reason. */
export const badRequests: readonly BadInput<string>[] = [...texts, ...encodings, ...keys, ...signatures];

function unusedBits(): string {
  const at = readHeader(good, readHeader(good, readHeader(good, 0).contents).end).end;
  return changed(readHeader(good, at).contents, 1);
}

/** The key of a request put into another one that was signed by its owner. */
function stolen(): string {
  const theirs = makeRequestDer({ key: ecKey() });
  const own = publicKeyOf(ecKey());
  const at = readHeader(theirs, 0).contents;
  const key = theirs.indexOf(own.subarray(0, 27), at);
  return pem(Buffer.concat([theirs.subarray(0, key), own, theirs.subarray(key + own.length)]));
}
