import type { Fields } from '../envoy/fields.ts';
import type { OutlierDetection } from '../../crds/destination-rule.ts';
import type { OutlierDetectionSchema } from '../envoy/gen/envoy/config/cluster/v3/outlier_detection_pb.js';
import { parseOptional } from './duration.ts';
import { percentage } from './limits.ts';

type OutlierDetectionInit = Fields<typeof OutlierDetectionSchema>;

/** Always, or never, eject on a kind of error: Envoy's percentage of enforcement. */
const always = 100;
const never = 0;

/**
 * Which failures take an endpoint out of the load balancing. Success rates are never judged, since Istio's API has no
 * word for them; `consecutiveErrors`, deprecated there, is the older name of gateway errors.
 */
export function outlierDetection(settings: OutlierDetection): OutlierDetectionInit {
  return {
    enforcingSuccessRate: never,
    interval: parseOptional(settings.interval),
    baseEjectionTime: parseOptional(settings.baseEjectionTime),
    ...(settings.maxEjectionPercent ? { maxEjectionPercent: percentage(settings.maxEjectionPercent) } : {}),
    ...consecutive5xx(settings.consecutive5xxErrors ?? undefined),
    ...gatewayErrors(settings.consecutiveGatewayErrors ?? settings.consecutiveErrors ?? undefined),
    ...(settings.splitExternalLocalOriginErrors === true
      ? localOrigin(settings.consecutiveLocalOriginFailures ?? undefined)
      : {}),
  };
}

/** Envoy ejects after five in a row when nothing is said; an explicit 0 turns it off. */
function consecutive5xx(count: number | undefined): OutlierDetectionInit {
  if (count === undefined) return {};
  return count > 0
    ? { consecutive5xx: count, enforcingConsecutive5xx: always }
    : { consecutive5xx: 0, enforcingConsecutive5xx: never };
}

/** Envoy counts gateway errors but does not enforce them when nothing is said. */
function gatewayErrors(count: number | undefined): OutlierDetectionInit {
  if (count === undefined) return {};
  return {
    consecutiveGatewayFailure: Math.max(count, 0),
    enforcingConsecutiveGatewayFailure: count > 0 ? always : never,
  };
}

function localOrigin(count: number | undefined): OutlierDetectionInit {
  return {
    splitExternalLocalOriginErrors: true,
    enforcingLocalOriginSuccessRate: never,
    ...(count === undefined
      ? {}
      : {
          consecutiveLocalOriginFailure: count,
          enforcingConsecutiveLocalOriginFailure: count > 0 ? always : never,
        }),
  };
}
