import type { Infer } from '../../crds/schema.ts';
import type { labelSelector, ResourceRequirements, Toleration } from '../../crds/kubernetes-fields.ts';
import type { MeshControlPlane, MeshControlPlaneSpec } from '../../crds/mesh-control-plane.ts';
import type { UpgradeWindow } from '../../crds/mesh-upgrade.ts';
import { describeError } from '../../lib/errors.ts';
import { parseLogLevels } from '../../lib/logger.ts';
import { isTimeZone } from '../../lib/time-zone.ts';
import { headerFormatProblem } from '../syntax/header-format.ts';
import { isLabelKey, isLabelValue } from '../syntax/names.ts';
import { quantityAmount } from '../syntax/quantity.ts';
import { checkLabels } from './fields.ts';
import type { Problem, Problems } from './problem.ts';
import { each, error, warning } from './problem.ts';

/** What CEL rules cannot say about a MeshControlPlane. */
export function validateMeshControlPlane({ spec }: Pick<MeshControlPlane, 'spec'>): readonly Problem[] {
  return [...checkSpec(spec)];
}

function* checkSpec({ meshConfig, pilot, proxy, injection, upgrade }: MeshControlPlaneSpec): Problems {
  yield* checkAccessLog(meshConfig.accessLog);
  yield* checkLogLevels(pilot.logLevel, 'spec.pilot.logLevel');
  yield* checkLogLevels(proxy.agentLogLevel, 'spec.proxy.agentLogLevel');
  yield* checkResources(pilot.resources, 'spec.pilot.resources');
  yield* checkResources(proxy.resources, 'spec.proxy.resources');
  yield* checkLabels(pilot.nodeSelector, 'spec.pilot.nodeSelector');
  yield* each(pilot.tolerations, 'spec.pilot.tolerations', checkToleration);
  yield* checkReplicas(pilot);
  yield* each(injection.neverInjectSelector, 'spec.injection.neverInjectSelector', checkLabelSelector);
  yield* each(injection.alwaysInjectSelector, 'spec.injection.alwaysInjectSelector', checkLabelSelector);
  yield* each(upgrade.windows, 'spec.upgrade.windows', checkWindow);
}

function* checkWindow({ timeZone }: UpgradeWindow, path: string): Problems {
  if (isTimeZone(timeZone)) return;
  yield error(`${path}.timeZone`, `there is no time zone "${timeZone}"; a name such as Europe/Berlin or UTC is wanted`);
}

function* checkAccessLog(log: MeshControlPlaneSpec['meshConfig']['accessLog']): Problems {
  const path = 'spec.meshConfig.accessLog';
  const formats = { format: log?.format ?? '', ...prefixed(log?.jsonFormat ?? {}) };
  for (const [name, format] of Object.entries(formats)) {
    const wrong = headerFormatProblem(format);
    if (wrong !== undefined) yield error(`${path}.${name}`, wrong);
  }
}

function prefixed(jsonFormat: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(jsonFormat).map(([key, format]) => [`jsonFormat.${key}`, format]));
}

function* checkLogLevels(levels: string, path: string): Problems {
  try {
    parseLogLevels(levels);
  } catch (thrown) {
    yield error(path, describeError(thrown));
  }
}

function* checkResources({ requests = {}, limits = {} }: ResourceRequirements, path: string): Problems {
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit === undefined) continue;
    if ((quantityAmount(request) ?? 0) > (quantityAmount(limit) ?? Infinity)) {
      yield error(`${path}.requests.${name}`, `must not be more than the limit of ${limit}, is ${request}`);
    }
  }
}

function* checkReplicas({ replicas, autoscaling, resources }: MeshControlPlaneSpec['pilot']): Problems {
  if (autoscaling.enabled && resources.requests?.cpu === undefined) {
    yield error('spec.pilot.resources.requests.cpu', 'is required for autoscaling, which goes by it');
  }
  if (autoscaling.enabled ? autoscaling.minReplicas === 1 : replicas === 1) {
    const path = autoscaling.enabled ? 'spec.pilot.autoscaling.minReplicas' : 'spec.pilot.replicas';
    yield warning(path, 'is 1, so that no configuration or certificate is served while that one replica restarts');
  }
}

function* checkToleration(
  { operator = 'Equal', key, value, effect, tolerationSeconds }: Toleration,
  path: string,
): Problems {
  if (operator === 'Exists' && (value ?? '') !== '') yield error(`${path}.value`, 'must be empty with operator Exists');
  if (operator === 'Equal' && (key ?? '') === '')
    yield error(`${path}.operator`, 'must be Exists where no key is given');
  if (key !== undefined && key !== '' && !isLabelKey(key)) yield error(`${path}.key`, `"${key}" is no label key`);
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    yield error(`${path}.tolerationSeconds`, 'is only possible with effect NoExecute');
  }
}

function* checkLabelSelector(selector: Infer<typeof labelSelector>, path: string): Problems {
  yield* checkLabels(selector.matchLabels, `${path}.matchLabels`);
  yield* each(selector.matchExpressions, `${path}.matchExpressions`, function* ({ key, operator, values = [] }, at) {
    if (!isLabelKey(key)) yield error(`${at}.key`, `"${key}" is no label key`);
    const needsValues = operator === 'In' || operator === 'NotIn';
    if (needsValues && values.length === 0) yield error(`${at}.values`, `must not be empty with operator ${operator}`);
    if (!needsValues && values.length > 0) yield error(`${at}.values`, `must be empty with operator ${operator}`);
    yield* each(values, `${at}.values`, function* (value, valueAt) {
      if (!isLabelValue(value)) yield error(valueAt, `"${value}" is no label value`);
    });
  });
}
