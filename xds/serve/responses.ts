import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ResourceType } from '../envoy/type-urls.ts';
import { typeUrls } from '../envoy/type-urls.ts';
import type { EncodedResource } from '../snapshot/resource.ts';
import type { Update } from './subscription.ts';

export interface ResponseHead {
  readonly type: ResourceType;
  readonly version: string;
  readonly nonce: string;
}

/** The bytes of one message, in order; parts may be shared with other messages and are not to be changed. */
export type MessageParts = readonly Uint8Array[];

/** Puts a DeltaDiscoveryResponse together from bytes that are encoded already (Envoy API, discovery.proto). */
export function deltaResponse({ type, version, nonce }: ResponseHead, update: Update): MessageParts {
  const head = new BinaryWriter();
  head.tag(1, WireType.LengthDelimited).string(version);
  head.tag(4, WireType.LengthDelimited).string(typeUrls[type]);
  head.tag(5, WireType.LengthDelimited).string(nonce);
  for (const name of update.removed) head.tag(6, WireType.LengthDelimited).string(name);
  return [head.finish(), ...bodyOf(update, 'deltaBytes')];
}

/** Puts a DiscoveryResponse together from bytes that are encoded already (Envoy API, discovery.proto). */
export function sotwResponse({ type, version, nonce }: ResponseHead, update: Update): MessageParts {
  const head = new BinaryWriter();
  head.tag(1, WireType.LengthDelimited).string(version);
  head.tag(4, WireType.LengthDelimited).string(typeUrls[type]);
  head.tag(5, WireType.LengthDelimited).string(nonce);
  return [head.finish(), ...bodyOf(update, 'sotwBytes')];
}

/** The bytes of resources: those of a list that many streams are sent are put together once for all of them. */
function bodyOf({ resources, shared = [] }: Update, form: 'deltaBytes' | 'sotwBytes'): MessageParts {
  const rest = shared.length === 0 ? resources : resources.slice(shared.length);
  return [
    ...(shared.length === 0 ? [] : [sharedBytes(shared, form)]),
    ...(rest.length === 0 ? [] : [Buffer.concat(rest.map((resource) => resource[form]))]),
  ];
}

/** Kept for as long as some stream is sending them. */
const sharedBodies = {
  deltaBytes: new WeakMap<readonly EncodedResource[], WeakRef<Buffer>>(),
  sotwBytes: new WeakMap<readonly EncodedResource[], WeakRef<Buffer>>(),
};

function sharedBytes(resources: readonly EncodedResource[], form: 'deltaBytes' | 'sotwBytes'): Buffer {
  const known = sharedBodies[form].get(resources)?.deref();
  if (known !== undefined) return known;
  const bytes = Buffer.concat(resources.map((resource) => resource[form]));
  sharedBodies[form].set(resources, new WeakRef(bytes));
  return bytes;
}
