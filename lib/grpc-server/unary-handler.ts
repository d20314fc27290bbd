import type { GrpcMethod, GrpcStream, GrpcStreamHandler } from './methods.ts';
import { GrpcError, grpcStatus } from './status.ts';

type Answer = Extract<GrpcMethod, { kind: 'unary' }>['answer'];

/** A unary method seen as a stream of one message each way. */
export function unaryHandler(answer: Answer, stream: GrpcStream, onFault: (error: unknown) => void): GrpcStreamHandler {
  const requests: Buffer[] = [];
  const fail = (error: unknown): void => {
    if (error instanceof GrpcError) return stream.end(error.code, error.message);
    onFault(error);
  };
  return {
    onMessage(message) {
      if (requests.push(message) > 1) throw cardinality;
    },
    onHalfClose() {
      const [request] = requests;
      if (request === undefined) throw cardinality;
      answer(stream, request).then((response) => {
        stream.send([response], () => undefined);
        stream.end(grpcStatus.ok);
      }, fail);
    },
    onEnd: () => undefined,
  };
}

/** gRPC, doc/statuscodes.md, "Request cardinality violation". */
const cardinality = new GrpcError(grpcStatus.unimplemented, 'this method takes exactly one message');
