import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { readFields } from './discovery.ts';

// gRPC health checking protocol, grpc/health/v1/health.proto.

export const healthCheckPath = '/grpc.health.v1.Health/Check';

export function encodeHealthCheckRequest(service: string): Uint8Array {
  const writer = new BinaryWriter();
  return service === '' ? writer.finish() : writer.tag(1, WireType.LengthDelimited).string(service).finish();
}

/** Whether the answer is `SERVING`. */
export function isServing(bytes: Uint8Array): boolean {
  let status = 0;
  readFields(bytes, (field, reader) => {
    if (field !== 1) return false;
    status = reader.int32();
    return true;
  });
  return status === 1;
}
