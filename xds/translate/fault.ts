import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { HttpFaultAbort, HttpFaultDelay, HttpFaultInjection } from '../../crds/virtual-service.ts';
import type { FaultDelay } from '../envoy/gen/envoy/extensions/filters/common/fault/v3/fault_pb.js';
import { FaultDelaySchema } from '../envoy/gen/envoy/extensions/filters/common/fault/v3/fault_pb.js';
import type { FaultAbort } from '../envoy/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { FaultAbortSchema, HTTPFaultSchema } from '../envoy/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import type { Report } from '../model/problem.ts';
import { within } from '../model/problem.ts';
import { isZero, parseDuration } from './duration.ts';
import { grpcStatusCode } from '../../config/syntax/grpc-status.ts';
import { fractionalPercent } from './percent.ts';

/** Name of Envoy's filter that injects faults; the connection manager has to hold it. */
export const faultFilter = 'envoy.filters.http.fault';

/** Translates the faults of a rule into the fault filter's settings for a route; undefined where none is left. */
export function translateFault(fault: HttpFaultInjection | undefined, report: Report): Any | undefined {
  const delay = fault?.delay === undefined ? undefined : translateDelay(fault.delay, within(report, 'delay'));
  const abort = fault?.abort === undefined ? undefined : translateAbort(fault.abort, within(report, 'abort'));
  if (delay === undefined && abort === undefined) return undefined;
  const message = create(HTTPFaultSchema);
  if (delay !== undefined) message.delay = delay;
  if (abort !== undefined) message.abort = abort;
  return anyPack(HTTPFaultSchema, message);
}

/** Without `percentage` the deprecated `percent` counts, and none at all delays nothing (as in Istio). */
function translateDelay(delay: HttpFaultDelay, report: Report): FaultDelay | undefined {
  const fixedDelay = delay.fixedDelay === undefined ? undefined : parseDuration(delay.fixedDelay);
  if (fixedDelay === undefined || isZero(fixedDelay)) {
    report('fixedDelay', 'a delay needs a fixedDelay above zero, such as 250ms or 5s; it is left out');
    return undefined;
  }
  return create(FaultDelaySchema, {
    percentage: fractionalPercent(
      delay.percentage === undefined ? (delay.percent ?? 0) : (delay.percentage.value ?? 0),
    ),
    faultDelaySecifier: { case: 'fixedDelay', value: fixedDelay },
  });
}

/** Without `percentage` Envoy aborts nothing; Istio's own reference says the same as its code: no request. */
function translateAbort(abort: HttpFaultAbort, report: Report): FaultAbort | undefined {
  const errorType = abortError(abort, report);
  if (errorType === undefined) return undefined;
  return create(FaultAbortSchema, { percentage: fractionalPercent(abort.percentage?.value ?? 0), errorType });
}

function abortError(abort: HttpFaultAbort, report: Report): FaultAbort['errorType'] | undefined {
  if (abort.httpStatus !== undefined) {
    if (abort.httpStatus >= 200 && abort.httpStatus < 600) return { case: 'httpStatus', value: abort.httpStatus };
    report('httpStatus', `${abort.httpStatus} is no HTTP status from 200 to 599; the abort is left out`);
    return undefined;
  }
  if (abort.grpcStatus === undefined) {
    report('', 'an abort needs httpStatus or grpcStatus; it is left out');
    return undefined;
  }
  const code = grpcStatusCode(abort.grpcStatus);
  if (code !== undefined) return { case: 'grpcStatus', value: code };
  report('grpcStatus', `"${abort.grpcStatus}" is no gRPC status such as UNAVAILABLE; the abort is left out`);
  return undefined;
}
