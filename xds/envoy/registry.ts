import { readFileSync } from 'node:fs';
import type { FileRegistry } from '@bufbuild/protobuf';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

let registry: FileRegistry | undefined;

/** All message types of the descriptor set, by which an `Any` is written as JSON and read back. */
export function envoyRegistry(): FileRegistry {
  registry ??= createFileRegistry(
    fromBinary(FileDescriptorSetSchema, readFileSync(new URL('./envoy.binpb', import.meta.url))),
  );
  return registry;
}
