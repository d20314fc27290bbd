import forge from 'node-forge';

const { asn1 } = forge;

/** One ASN.1 element, as node-forge holds it: contents are binary strings (a character a byte). */
export type Element = forge.asn1.Asn1;

/** What is not DER (ITU-T X.690), or not the structure that was expected. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

const UNIVERSAL: number = asn1.Class.UNIVERSAL;
const CONTEXT_SPECIFIC: number = asn1.Class.CONTEXT_SPECIFIC;

export const sequence = (...children: readonly Element[]): Element => constructed(asn1.Type.SEQUENCE, children);
export const set = (...children: readonly Element[]): Element => constructed(asn1.Type.SET, children);
export const nothing = (): Element => primitive(asn1.Type.NULL, '');
export const boolean = (value: boolean): Element => primitive(asn1.Type.BOOLEAN, value ? '\xff' : '\x00');
export const utf8String = (text: string): Element =>
  primitive(asn1.Type.UTF8, Buffer.from(text, 'utf8').toString('latin1'));
export const octetString = (bytes: Buffer): Element => primitive(asn1.Type.OCTETSTRING, bytes.toString('latin1'));
export const objectIdentifier = (dotted: string): Element => primitive(asn1.Type.OID, asn1.oidToDer(dotted).getBytes());

/** An unsigned integer, big-endian. */
export function integer(bytes: Buffer): Element {
  const text = bytes.toString('latin1');
  return primitive(asn1.Type.INTEGER, text.charCodeAt(0) >= 0x80 ? `\0${text}` : text);
}

/** `unusedBits` are those at the end of the last byte. */
export function bitString(bytes: Buffer, unusedBits = 0): Element {
  return primitive(asn1.Type.BITSTRING, String.fromCharCode(unusedBits) + bytes.toString('latin1'));
}

/** UTCTime up to 2049, GeneralizedTime from then on; whole seconds (RFC 5280, 4.1.2.5). */
export function time(date: Date): Element {
  return date.getUTCFullYear() < 2050
    ? primitive(asn1.Type.UTCTIME, asn1.dateToUtcTime(date))
    : primitive(asn1.Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

/** `[tag] EXPLICIT`. */
export function explicit(tag: number, child: Element): Element {
  return create(CONTEXT_SPECIFIC, tag, true, [child]);
}

/** `[tag] IMPLICIT` of a primitive type. */
export function implicit(tag: number, bytes: Buffer): Element {
  return create(CONTEXT_SPECIFIC, tag, false, bytes.toString('latin1'));
}

/**
 * An element that is already DER, to be part of others without being built again. node-forge writes the tag's class and
 * type as one number, so the bit "constructed" may travel with the type.
 */
export function encoded(der: Buffer): Element {
  const header = readHeader(der, 0);
  const tag = der[0] ?? 0;
  return create(tag & 0xc0, tag & 0x3f, false, der.toString('latin1', header.contents, header.end));
}

/** One element of parts that are DER already: their bytes behind tag and length, without a tree in between. */
export function joined(tag: number, ...parts: readonly Buffer[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  return Buffer.concat([header(tag, length), ...parts]);
}

/** Tags of {@link joined}. */
export const derTags = { integer: 0x02, bitString: 0x03, octetString: 0x04, sequence: 0x30, extensions: 0xa3 } as const;

function header(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.of(tag, length);
  if (length < 0x100) return Buffer.of(tag, 0x81, length);
  if (length < 0x10000) return Buffer.of(tag, 0x82, length >> 8, length & 0xff);
  throw new DerError('is longer than 64 KiB');
}

export function encode(element: Element): Buffer {
  return Buffer.from(asn1.toDer(element).getBytes(), 'latin1');
}

/** Reads exactly one element. Throws {@link DerError} for anything that is not its one DER encoding. */
export function decode(der: Buffer): Element {
  const element = parse(der);
  // node-forge takes BER: long forms of short lengths, indefinite lengths, padded integers.
  if (!encode(element).equals(der)) throw new DerError('is not encoded as DER');
  return element;
}

function parse(der: Buffer): Element {
  try {
    // The declarations know the second argument's older form only.
    const options: object = { strict: true, parseAllBytes: true, decodeBitStrings: false };
    return asn1.fromDer(der.toString('latin1'), options as unknown as boolean);
  } catch (error) {
    throw new DerError('is not ASN.1', { cause: error });
  }
}

/** Where the contents of the element at `offset` begin and end, in bytes. Throws {@link DerError} when they are cut. */
export function readHeader(der: Buffer, offset: number): { readonly contents: number; readonly end: number } {
  const first = der[offset + 1];
  if (first === undefined) throw new DerError('is cut short');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const contents = offset + 2 + lengthBytes;
  if (lengthBytes > 4 || contents > der.length) throw new DerError('has a length that makes no sense');
  const end = contents + (lengthBytes === 0 ? first : der.readUIntBE(offset + 2, lengthBytes));
  if (first === 0x80 || end > der.length) throw new DerError('is cut short');
  return { contents, end };
}

/** The children of a SEQUENCE; `what` names it in the error. */
export function readSequence(element: Element | undefined, what: string): readonly Element[] {
  return readConstructed(element, UNIVERSAL, asn1.Type.SEQUENCE, what);
}

/** The children of a constructed `[tag]`. */
export function readContext(element: Element | undefined, tag: number, what: string): readonly Element[] {
  return readConstructed(element, CONTEXT_SPECIFIC, tag, what);
}

export function readObjectIdentifier(element: Element | undefined, what: string): string {
  const contents = readPrimitive(element, asn1.Type.OID, what);
  if (contents === '') throw new DerError(`${what} is an empty object identifier`);
  return asn1.derToOid(contents);
}

/** The bytes of an INTEGER, two's complement. */
export function readInteger(element: Element | undefined, what: string): Buffer {
  return Buffer.from(readPrimitive(element, asn1.Type.INTEGER, what), 'latin1');
}

/** The bytes of a BIT STRING that uses all its bits, as keys and signatures do. */
export function readBitString(element: Element | undefined, what: string): Buffer {
  const contents = readPrimitive(element, asn1.Type.BITSTRING, what);
  if (contents.charCodeAt(0) !== 0) throw new DerError(`${what} is not a whole number of bytes`);
  return Buffer.from(contents.slice(1), 'latin1');
}

export function isNull(element: Element | undefined): boolean {
  return hasTag(element, UNIVERSAL, asn1.Type.NULL) && element.value === '';
}

function readConstructed(
  element: Element | undefined,
  tagClass: number,
  type: number,
  what: string,
): readonly Element[] {
  if (hasTag(element, tagClass, type) && typeof element.value !== 'string') return element.value;
  throw new DerError(`${what} is missing or of another type`);
}

function readPrimitive(element: Element | undefined, type: number, what: string): string {
  if (hasTag(element, UNIVERSAL, type) && typeof element.value === 'string') return element.value;
  throw new DerError(`${what} is missing or of another type`);
}

/** Tags are numbers to us, as they are in the library itself; its declarations have them as enums. */
function hasTag(element: Element | undefined, tagClass: number, type: number): element is Element {
  if (element === undefined) return false;
  const found: { readonly tagClass: number; readonly type: number } = element;
  return found.tagClass === tagClass && found.type === type;
}

function primitive(type: number, contents: string): Element {
  return create(UNIVERSAL, type, false, contents);
}

function constructed(type: number, children: readonly Element[]): Element {
  return create(UNIVERSAL, type, true, [...children]);
}

function create(tagClass: number, type: number, isConstructed: boolean, value: string | Element[]): Element {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
  return asn1.create(tagClass, type, isConstructed, value);
}
