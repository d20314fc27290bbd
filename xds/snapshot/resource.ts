import { createHash } from 'node:crypto';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ResourceType } from '../envoy/type-urls.ts';
import { typeUrls } from '../envoy/type-urls.ts';

/**
 * One xDS resource, encoded once. Responses are put together from these bytes; nobody decodes or encodes them again.
 * The version is a hash of the content, so every replica gives the same version to the same resource.
 */
export class EncodedResource {
  readonly type: ResourceType;
  readonly name: string;
  /** First 16 hexadecimal digits of the SHA-256 of the message's bytes. */
  readonly version: string;
  /** The Kubernetes objects that it was made from, as problems name them. */
  readonly objects: readonly string[];
  /** Field 2 of DeltaDiscoveryResponse (`Resource`), tag and length included. */
  readonly deltaBytes: Buffer;
  readonly #anyStart: number;
  readonly #anyEnd: number;
  readonly #valueStart: number;

  /** A resource from the bytes of its message. */
  constructor(type: ResourceType, name: string, value: Uint8Array, objects: readonly string[] = []) {
    this.type = type;
    this.name = name;
    this.objects = objects;
    this.version = createHash('sha256').update(value).digest('hex').slice(0, 16);
    const any = new BinaryWriter();
    any.tag(1, WireType.LengthDelimited).string(typeUrls[type]);
    any.tag(2, WireType.LengthDelimited).bytes(value);
    const anyBytes = any.finish();
    const version = new BinaryWriter().tag(1, WireType.LengthDelimited).string(this.version).finish();
    const anyField = lengthPrefixed(2, anyBytes);
    const resourceName = new BinaryWriter().tag(3, WireType.LengthDelimited).string(name).finish();
    const length = version.length + anyField.length + resourceName.length;
    const head = new BinaryWriter().tag(2, WireType.LengthDelimited).uint32(length).finish();
    this.deltaBytes = Buffer.concat([head, version, anyField, resourceName]);
    this.#anyStart = head.length + version.length;
    this.#anyEnd = this.#anyStart + anyField.length;
    this.#valueStart = this.#anyEnd - value.length;
  }

  /**
   * Field 2 of DiscoveryResponse (`google.protobuf.Any`), tag and length included: the same bytes stand in `deltaBytes`,
   * where the Any is field 2 of the Resource.
   */
  get sotwBytes(): Buffer {
    return this.deltaBytes.subarray(this.#anyStart, this.#anyEnd);
  }

  /** The bytes of the message itself. */
  get value(): Buffer {
    return this.deltaBytes.subarray(this.#valueStart, this.#anyEnd);
  }
}

export function encodeResource<D extends DescMessage>(
  type: ResourceType,
  name: string,
  schema: D,
  message: MessageShape<D>,
  objects: readonly string[] = [],
): EncodedResource {
  return new EncodedResource(type, name, toBinary(schema, message), objects);
}

/** A field of bytes with its tag and length (protobuf encoding, "Length-Delimited Records"). */
export function lengthPrefixed(field: number, bytes: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(bytes).finish();
}
