import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

// The few fields of Envoy's discovery messages that secrets need, by hand: the generated code would cost each pod more
// memory than the agent's own (numbers: envoy/service/discovery/v3/discovery.proto).

export const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

/** State of the world request (`DiscoveryRequest`). */
export interface SecretRequest {
  readonly versionInfo: string;
  readonly names: readonly string[];
  readonly nonce: string;
  /** Why Envoy refused what it was sent; undefined for an acknowledgement. */
  readonly error?: string;
}

/** Delta request (`DeltaDiscoveryRequest`). */
export interface DeltaSecretRequest {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Versions that Envoy holds from an earlier stream, by name. */
  readonly held: ReadonlyMap<string, string>;
  readonly nonce: string;
  readonly error?: string;
}

export interface NamedSecret {
  readonly name: string;
  readonly version: string;
  /** Encoded `Secret`. */
  readonly bytes: Uint8Array;
}

export function decodeSecretRequest(bytes: Uint8Array): SecretRequest {
  const request = { versionInfo: '', names: [] as string[], nonce: '', error: undefined as string | undefined };
  readFields(bytes, (field, reader) => {
    if (field === 1) request.versionInfo = reader.string();
    else if (field === 3) request.names.push(reader.string());
    else if (field === 5) request.nonce = reader.string();
    else if (field === 6) request.error = decodeStatusMessage(reader.bytes());
    else return false;
    return true;
  });
  const { error, ...rest } = request;
  return error === undefined ? rest : { ...rest, error };
}

export function decodeDeltaSecretRequest(bytes: Uint8Array): DeltaSecretRequest {
  const subscribe: string[] = [];
  const unsubscribe: string[] = [];
  const held = new Map<string, string>();
  let nonce = '';
  let error: string | undefined;
  readFields(bytes, (field, reader) => {
    if (field === 3) subscribe.push(reader.string());
    else if (field === 4) unsubscribe.push(reader.string());
    else if (field === 5) held.set(...decodeMapEntry(reader.bytes()));
    else if (field === 6) nonce = reader.string();
    else if (field === 7) error = decodeStatusMessage(reader.bytes());
    else return false;
    return true;
  });
  return { subscribe, unsubscribe, held, nonce, ...(error === undefined ? {} : { error }) };
}

export function encodeSecretResponse(version: string, nonce: string, secrets: readonly NamedSecret[]): Uint8Array {
  const writer = new BinaryWriter();
  field(writer, 1).string(version);
  for (const secret of secrets) field(writer, 2).bytes(encodeAny(secret.bytes));
  field(writer, 4).string(secretType);
  return field(writer, 5).string(nonce).finish();
}

export function encodeDeltaSecretResponse(nonce: string, secrets: readonly NamedSecret[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const secret of secrets) {
    const resource = field(new BinaryWriter(), 1).string(secret.version);
    field(resource, 2).bytes(encodeAny(secret.bytes));
    field(writer, 2).bytes(field(resource, 3).string(secret.name).finish());
  }
  field(writer, 4).string(secretType);
  return field(writer, 5).string(nonce).finish();
}

/** `Secret` with a certificate chain and its private key, both PEM. */
export function encodeCertificateSecret(name: string, chain: string, privateKey: string): Uint8Array {
  const certificate = field(new BinaryWriter(), 1).bytes(encodeInline(chain));
  field(certificate, 2).bytes(encodeInline(privateKey));
  const secret = field(new BinaryWriter(), 1).string(name);
  return field(secret, 2).bytes(certificate.finish()).finish();
}

/** `Secret` with the certificates (PEM) that peers are checked against. */
export function encodeRootsSecret(name: string, roots: string): Uint8Array {
  const context = field(new BinaryWriter(), 1).bytes(encodeInline(roots)).finish();
  return field(field(new BinaryWriter(), 1).string(name), 4).bytes(context).finish();
}

/** `DataSource` with `inline_bytes`. */
function encodeInline(text: string): Uint8Array {
  return field(new BinaryWriter(), 2).bytes(Buffer.from(text)).finish();
}

function encodeAny(value: Uint8Array): Uint8Array {
  return field(field(new BinaryWriter(), 1).string(secretType), 2).bytes(value).finish();
}

/** All fields here are length-delimited. */
function field(writer: BinaryWriter, number: number): BinaryWriter {
  return writer.tag(number, WireType.LengthDelimited);
}

/** `google.rpc.Status`: its message. */
function decodeStatusMessage(bytes: Uint8Array): string {
  let message = '';
  readFields(bytes, (field, reader) => {
    if (field !== 2) return false;
    message = reader.string();
    return true;
  });
  return message;
}

function decodeMapEntry(bytes: Uint8Array): readonly [key: string, value: string] {
  let key = '';
  let value = '';
  readFields(bytes, (field, reader) => {
    if (field === 1) key = reader.string();
    else if (field === 2) value = reader.string();
    else return false;
    return true;
  });
  return [key, value];
}

/** Calls `read` for each field; one that it does not take (false) is skipped. */
export function readFields(bytes: Uint8Array, read: (field: number, reader: BinaryReader) => boolean): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (!read(number, reader)) reader.skip(wireType, number);
  }
}
