/** gRPC status codes in the order of their numbers (gRPC, "Status codes and their use in gRPC"). */
const names = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** The number of a gRPC status by its name (`UNAVAILABLE` is 14); undefined for a name that is none. */
export function grpcStatusCode(name: string): number | undefined {
  const code = names.indexOf(name);
  return code < 0 ? undefined : code;
}
