import { create } from '@bufbuild/protobuf';
import type { RuntimeFractionalPercent } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import { RuntimeFractionalPercentSchema } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import type { FractionalPercent } from '../envoy/gen/envoy/type/v3/percent_pb.js';
import { FractionalPercent_DenominatorType, FractionalPercentSchema } from '../envoy/gen/envoy/type/v3/percent_pb.js';

/** A share of requests as parts of a million; `percent` is from 0 to 100 and bounded to that. */
export function fractionalPercent(percent: number): FractionalPercent {
  const bounded = percent > 0 ? Math.min(percent, 100) : 0;
  return create(FractionalPercentSchema, {
    numerator: Math.round(bounded * 10_000),
    denominator: FractionalPercent_DenominatorType.MILLION,
  });
}

/** The same, in the message that Envoy uses where a share could be changed at run time. */
export function runtimePercent(percent: number): RuntimeFractionalPercent {
  return create(RuntimeFractionalPercentSchema, { defaultValue: fractionalPercent(percent) });
}
