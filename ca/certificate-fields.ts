import { createHash } from 'node:crypto';
import {
  bitString,
  boolean,
  decode,
  encode,
  implicit,
  objectIdentifier,
  octetString,
  readBitString,
  readContext,
  readHeader,
  readSequence,
  sequence,
  set,
  utf8String,
} from './der.ts';
import type { Element } from './der.ts';

/** A name that a certificate speaks for (RFC 5280, 4.2.1.6). */
export type SubjectAlternativeName =
  { readonly type: 'uri'; readonly value: string } | { readonly type: 'dns'; readonly value: string };

/** Tags of GeneralName. */
const generalNameTags = { dns: 2, uri: 6 } as const;

const oids = {
  organization: '2.5.4.10',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
};

/** Bits of KeyUsage (RFC 5280, 4.2.1.3), as its first byte holds them. */
const keyUsageBits = { digitalSignature: 0x80, keyEncipherment: 0x20, keyCertSign: 0x04, cRLSign: 0x02 };

/** Name with an organization and, if wanted, a common name. */
export function distinguishedName(organization: string, commonName?: string): Element {
  const attribute = (oid: string, text: string): Element => set(sequence(objectIdentifier(oid), utf8String(text)));
  const names = [attribute(oids.organization, organization)];
  if (commonName !== undefined) names.push(attribute(oids.commonName, commonName));
  return sequence(...names);
}

export function subjectAlternativeNames(names: readonly SubjectAlternativeName[], critical: boolean): Element {
  const elements = names.map(({ type, value }) => {
    // IA5String; a character beyond ASCII would silently become another name.
    if (!/^[\x21-\x7e]+$/.test(value)) throw new Error(`"${value}" cannot be a name in a certificate`);
    return implicit(generalNameTags[type], Buffer.from(value, 'latin1'));
  });
  return extension(oids.subjectAlternativeName, critical, sequence(...elements));
}

/** What a workload's or server's certificate may be used for, in TLS as client and as server. */
export function endEntityUsage(): readonly Element[] {
  const usage = keyUsageBits.digitalSignature | keyUsageBits.keyEncipherment;
  return [
    extension(oids.keyUsage, true, bitString(Buffer.of(usage), 5)),
    extension(
      oids.extendedKeyUsage,
      false,
      sequence(objectIdentifier(oids.serverAuth), objectIdentifier(oids.clientAuth)),
    ),
    // A BOOLEAN that is FALSE is left out in DER, so this is an empty sequence: not an authority.
    extension(oids.basicConstraints, true, sequence()),
  ];
}

/** What an authority's certificate may be used for: signing certificates and revocation lists. */
export function authorityUsage(): readonly Element[] {
  return [
    extension(oids.keyUsage, true, bitString(Buffer.of(keyUsageBits.keyCertSign | keyUsageBits.cRLSign), 1)),
    extension(oids.basicConstraints, true, sequence(boolean(true))),
  ];
}

export function subjectKeyIdentifier(publicKey: Buffer): Element {
  return extension(oids.subjectKeyIdentifier, false, octetString(keyIdentifier(publicKey)));
}

export function authorityKeyIdentifier(identifier: Buffer): Element {
  return extension(oids.authorityKeyIdentifier, false, sequence(implicit(0, identifier)));
}

/** First 160 bits of the key's SHA-256 (RFC 7093, method 1). `publicKey` is SubjectPublicKeyInfo, DER. */
export function keyIdentifier(publicKey: Buffer): Buffer {
  const [, key] = readSequence(decode(publicKey), 'the public key');
  return createHash('sha256').update(readBitString(key, 'the public key')).digest().subarray(0, 20);
}

export interface IssuerFields {
  /** The name under which it signs: its subject, byte for byte. */
  readonly subject: Buffer;
  /** Undefined when its certificate has no SubjectKeyIdentifier. */
  readonly keyIdentifier: Buffer | undefined;
}

/** What certificates repeat of the one that signed them. Throws DerError for what is not a certificate. */
export function readIssuerFields(certificate: Buffer): IssuerFields {
  const [body] = readSequence(decode(certificate), 'the certificate');
  const fields = readSequence(body, 'the certificate');
  // Version 1 certificates, which have no [0], cannot be authorities and are refused before.
  const subject = fields[5];
  readSequence(subject, 'the subject');
  const last = fields.at(-1);
  const [extensions] = readContext(last, 3, 'the extensions');
  for (const entry of readSequence(extensions, 'the extensions')) {
    const parts = readSequence(entry, 'an extension');
    const value = parts.at(-1)?.value;
    if (typeof value !== 'string' || !sameElement(parts[0], objectIdentifier(oids.subjectKeyIdentifier))) continue;
    const inner = Buffer.from(value, 'latin1');
    return { subject: encode(required(subject)), keyIdentifier: inner.subarray(readHeader(inner, 0).contents) };
  }
  return { subject: encode(required(subject)), keyIdentifier: undefined };
}

function required(element: Element | undefined): Element {
  if (element === undefined) throw new Error('the certificate has no subject');
  return element;
}

function sameElement(one: Element | undefined, other: Element): boolean {
  return one !== undefined && encode(one).equals(encode(other));
}

function extension(oid: string, critical: boolean, value: Element): Element {
  const content = octetString(encode(value));
  return critical ? sequence(objectIdentifier(oid), boolean(true), content) : sequence(objectIdentifier(oid), content);
}
