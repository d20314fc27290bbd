import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ResourceType } from '../envoy/type-urls.ts';
import { typeUrls } from '../envoy/type-urls.ts';
import type { EncodedResource } from '../snapshot/resource.ts';

export interface ResponseHead {
  readonly type: ResourceType;
  readonly version: string;
  readonly nonce: string;
}

/** Puts a DeltaDiscoveryResponse together from bytes that are encoded already (Envoy API, discovery.proto). */
export function deltaResponse(
  { type, version, nonce }: ResponseHead,
  resources: readonly EncodedResource[],
  removed: readonly string[],
): Buffer {
  const head = new BinaryWriter();
  head.tag(1, WireType.LengthDelimited).string(version);
  head.tag(4, WireType.LengthDelimited).string(typeUrls[type]);
  head.tag(5, WireType.LengthDelimited).string(nonce);
  for (const name of removed) head.tag(6, WireType.LengthDelimited).string(name);
  return Buffer.concat([head.finish(), ...resources.map(({ deltaBytes }) => deltaBytes)]);
}

/** Puts a DiscoveryResponse together from bytes that are encoded already (Envoy API, discovery.proto). */
export function sotwResponse({ type, version, nonce }: ResponseHead, resources: readonly EncodedResource[]): Buffer {
  const head = new BinaryWriter();
  head.tag(1, WireType.LengthDelimited).string(version);
  head.tag(4, WireType.LengthDelimited).string(typeUrls[type]);
  head.tag(5, WireType.LengthDelimited).string(nonce);
  return Buffer.concat([head.finish(), ...resources.map(({ sotwBytes }) => sotwBytes)]);
}
