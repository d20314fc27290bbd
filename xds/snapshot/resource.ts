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
export interface EncodedResource {
  readonly type: ResourceType;
  readonly name: string;
  /** First 16 hexadecimal digits of the SHA-256 of the message's bytes. */
  readonly version: string;
  /** Field 2 of DiscoveryResponse (`google.protobuf.Any`), tag and length included. */
  readonly sotwBytes: Buffer;
  /** Field 2 of DeltaDiscoveryResponse (`Resource`), tag and length included. */
  readonly deltaBytes: Buffer;
}

export function encodeResource<D extends DescMessage>(
  type: ResourceType,
  name: string,
  schema: D,
  message: MessageShape<D>,
): EncodedResource {
  return resourceFromBytes(type, name, toBinary(schema, message));
}

/** A resource from the bytes of its message. */
export function resourceFromBytes(type: ResourceType, name: string, value: Uint8Array): EncodedResource {
  const version = createHash('sha256').update(value).digest('hex').slice(0, 16);
  const any = new BinaryWriter();
  any.tag(1, WireType.LengthDelimited).string(typeUrls[type]);
  any.tag(2, WireType.LengthDelimited).bytes(value);
  const anyBytes = any.finish();
  const resource = new BinaryWriter();
  resource.tag(1, WireType.LengthDelimited).string(version);
  resource.tag(2, WireType.LengthDelimited).bytes(anyBytes);
  resource.tag(3, WireType.LengthDelimited).string(name);
  return {
    type,
    name,
    version,
    sotwBytes: asField2(anyBytes),
    deltaBytes: asField2(resource.finish()),
  };
}

function asField2(bytes: Uint8Array): Buffer {
  const writer = new BinaryWriter();
  writer.tag(2, WireType.LengthDelimited).bytes(bytes);
  return Buffer.from(writer.finish());
}
