import { create } from '@bufbuild/protobuf';
import type { Destination, HttpRoute } from '../../crds/virtual-service.ts';
import type { RouteAction_RequestMirrorPolicy } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { RouteAction_RequestMirrorPolicySchema } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import type { Report } from '../model/problem.ts';
import { within } from '../model/problem.ts';
import { runtimePercent } from './percent.ts';
import type { RouteContext } from './route-destination.ts';
import { resolveDestination } from './route-destination.ts';

/** Translates `mirror` and `mirrors`; a share of zero mirrors nothing, none given mirrors all. */
export function translateMirrors(
  rule: HttpRoute,
  context: RouteContext,
  report: Report,
): RouteAction_RequestMirrorPolicy[] {
  const single =
    rule.mirror === undefined ? [] : [mirror(rule.mirror, mirrorShare(rule), context, within(report, 'mirror'))];
  const several = (rule.mirrors ?? []).map(({ destination, percentage }, position) => {
    const share = percentage === undefined ? 100 : (percentage.value ?? 0);
    return mirror(destination, share, context, within(report, `mirrors[${position}].destination`));
  });
  return [...single, ...several].flat();
}

function mirrorShare({ mirrorPercentage, mirrorPercent, mirror_percent }: HttpRoute): number {
  if (mirrorPercentage !== undefined) return mirrorPercentage.value ?? 0;
  return mirrorPercent ?? mirror_percent ?? 100;
}

/** Copies keep the host of their original: no `-shadow` is appended, as in Istio since 1.28. */
function mirror(
  destination: Destination,
  percent: number,
  context: RouteContext,
  report: Report,
): readonly RouteAction_RequestMirrorPolicy[] {
  if (!(percent > 0)) return [];
  const { cluster } = resolveDestination(destination, context, report);
  const policy = create(RouteAction_RequestMirrorPolicySchema, {
    cluster,
    runtimeFraction: runtimePercent(percent),
    traceSampled: false,
    disableShadowHostSuffixAppend: true,
  });
  return [policy];
}
