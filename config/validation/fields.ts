import { isIP } from 'node:net';
import { durationMs } from '../../lib/duration.ts';
import { isDnsLabel, isDnsName, isLabelKey, isLabelValue } from '../syntax/names.ts';
import { checkRegularExpression } from '../syntax/regular-expression.ts';
import type { Problems } from './problem.ts';
import { duplicates, each, error, warning } from './problem.ts';

/** Bounds what Envoy is given; in nanoseconds it is still exact in a double. */
const longestMs = 2500 * 3_600_000;
/** Istio's bound, so that what is valid there is valid here. */
const maxRegexLength = 1024;

export function* checkPort(port: number | undefined, path: string): Problems {
  if (port !== undefined && (port < 1 || port > 65_535)) yield error(path, `must be from 1 to 65535, is ${port}`);
}

export function* checkPercent(percent: number | null | undefined, path: string): Problems {
  if (percent === undefined || percent === null) return;
  if (!(percent >= 0 && percent <= 100)) yield error(path, `must be from 0 to 100, is ${percent}`);
}

export function* checkNotNegative(value: number | undefined, path: string): Problems {
  if (value !== undefined && value < 0) yield error(path, `must not be negative, is ${value}`);
}

export function* checkDuration(text: string | undefined, path: string, atLeastMs = 1): Problems {
  if (text === undefined) return;
  const milliseconds = durationMs(text);
  if (milliseconds === undefined) yield error(path, `must be a duration such as 250ms, 1.5s or 2h, is "${text}"`);
  else if (milliseconds < atLeastMs) yield error(path, `must be ${atLeastMs}ms or more, is ${text}`);
  else if (milliseconds > longestMs) yield error(path, `must be 2500h or less, is ${text}`);
}

export function* checkRegex(pattern: string | undefined, path: string): Problems {
  if (pattern === undefined) return;
  if (pattern.length > maxRegexLength) {
    yield error(path, `must have ${maxRegexLength} characters at most, has ${pattern.length}`);
    return;
  }
  const checked = checkRegularExpression(pattern);
  if (!checked.valid) yield error(path, checked.reason);
}

export function* checkNamespace(namespace: string | undefined, path: string): Problems {
  if (namespace !== undefined && !isDnsLabel(namespace)) yield error(path, `"${namespace}" is no name of a namespace`);
}

export function* checkLabels(labels: Readonly<Record<string, string>> | undefined, path: string): Problems {
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (!isLabelKey(key)) yield error(path, `"${key}" is no label key`);
    if (!isLabelValue(value)) yield error(`${path}.${key}`, `"${value}" is no label value`);
  }
}

/** Names of gateways: `mesh`, `name`, `namespace/name`, or the host name that Istio once took. */
export function checkGateways(gateways: readonly string[] | undefined, path: string): Problems {
  return each(gateways, path, function* (gateway, at) {
    const [namespace = '', name, ...more] = gateway.split('/');
    const isName = name === undefined ? isDnsName(gateway) : isDnsLabel(namespace) && isDnsLabel(name);
    if (!isName || more.length > 0) {
      yield error(at, `"${gateway}" is neither mesh nor a gateway as name or namespace/name`);
    } else if (name === undefined && gateway.includes('.')) {
      yield warning(at, `"${gateway}" is an old form of naming a gateway; use namespace/name`);
    }
  });
}

/** Where an object is visible: `.` or names of namespaces, or `*` alone. */
export function* checkExportTo(exportTo: readonly string[] | undefined, path: string, namespace = '.'): Problems {
  yield* each(exportTo, path, function* (entry, at) {
    if (entry === '*') {
      if (exportTo !== undefined && exportTo.length > 1) yield error(at, '* must be the only entry');
    } else if (entry !== '.' && !isDnsLabel(entry)) {
      yield error(at, `"${entry}" is neither . nor * nor the name of a namespace`);
    }
  });
  const resolved = exportTo?.map((entry) => (entry === '.' ? namespace : entry));
  yield* duplicates(resolved, path, 'namespace');
}

/** Addresses and CIDR ranges. */
export function checkSubnets(subnets: readonly string[] | undefined, path: string): Problems {
  return each(subnets, path, function* (subnet, at) {
    const [address = '', length, ...more] = subnet.split('/');
    const bits = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1;
    const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
    if (bits < 0 || !isLength || more.length > 0)
      yield error(at, `"${subnet}" is neither an IP address nor a CIDR range`);
  });
}

/** The share of each destination: none negative, not all of them 0, and a sum that Envoy can count to. */
export function* checkWeights(routes: readonly { readonly weight?: number }[] | undefined, path: string): Problems {
  const weights = (routes ?? []).map(({ weight = 0 }) => weight);
  for (const [index, weight] of weights.entries()) yield* checkNotNegative(weight, `${path}[${index}].weight`);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (weights.length > 1 && weights.every((weight) => weight === 0)) {
    yield error(path, 'the weights of several destinations must not all be 0');
  }
  if (total > 4_294_967_295) yield error(path, `the sum of the weights must not exceed 4294967295, is ${total}`);
}
