import type { HttpFaultAbort, HttpFaultDelay, HttpFaultInjection } from '../../crds/http-policies.ts';
import { grpcStatusCode } from '../syntax/grpc-status.ts';
import { checkDuration, checkPercent } from './fields.ts';
import type { Problems } from './problem.ts';
import { error, warning } from './problem.ts';

export function* checkFault(fault: HttpFaultInjection | undefined, path: string): Problems {
  if (fault === undefined) return;
  if (fault.delay === undefined && fault.abort === undefined) yield error(path, 'must have delay, abort or both');
  yield* checkDelay(fault.delay, `${path}.delay`);
  yield* checkAbort(fault.abort, `${path}.abort`);
}

function* checkDelay(delay: HttpFaultDelay | undefined, path: string): Problems {
  if (delay === undefined) return;
  if (delay.exponentialDelay !== undefined) yield error(`${path}.exponentialDelay`, 'is not supported; use fixedDelay');
  else if (delay.fixedDelay === undefined) yield warning(path, 'delays nothing without fixedDelay');
  yield* checkDuration(delay.fixedDelay, `${path}.fixedDelay`);
  yield* checkPercent(delay.percentage?.value, `${path}.percentage.value`);
  yield* checkPercent(delay.percent, `${path}.percent`);
  if (delay.percent !== undefined) yield warning(`${path}.percent`, 'is deprecated; use percentage');
}

function* checkAbort(abort: HttpFaultAbort | undefined, path: string): Problems {
  if (abort === undefined) return;
  const { httpStatus, grpcStatus, http2Error, percentage } = abort;
  if (http2Error !== undefined) yield error(`${path}.http2Error`, 'is not supported; use httpStatus or grpcStatus');
  else if (httpStatus !== undefined && grpcStatus !== undefined) {
    yield error(path, 'must not have both httpStatus and grpcStatus');
  } else if (httpStatus === undefined && grpcStatus === undefined) {
    yield warning(path, 'aborts nothing without httpStatus or grpcStatus');
  }
  if (httpStatus !== undefined && (httpStatus < 200 || httpStatus > 599)) {
    yield error(`${path}.httpStatus`, `must be from 200 to 599, is ${httpStatus}`);
  }
  if (grpcStatus !== undefined && grpcStatusCode(grpcStatus) === undefined) {
    yield error(`${path}.grpcStatus`, `"${grpcStatus}" is no gRPC status such as UNAVAILABLE`);
  }
  yield* checkPercent(percentage?.value, `${path}.percentage.value`);
}
