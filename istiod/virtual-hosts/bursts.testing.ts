import type { MeshObjects } from './mesh-objects.testing.ts';
import { hostOf } from './mesh-objects.testing.ts';
import type { Answers } from './traffic.testing.ts';
import { unknownHost } from './traffic.testing.ts';

/**
 * A service may be known before its endpoints are, since istiod watches them apart: until they come, requests are
 * answered with 503. This excuses services only; hosts of rules lead to services that are there.
 */
export function withoutEndpoints(host: string): readonly string[] {
  return host.endsWith('.example.com') ? [] : ['503'];
}

/** Many hosts at once. */
export interface Burst {
  /** Who answers them when they are there. */
  readonly answers: Answers;
  readonly add: () => Promise<unknown>;
  readonly remove: () => Promise<unknown>;
}

/** As many services as `count` says, and as many hosts that only rules know, which lead to the given services. */
export function burstOf(objects: MeshObjects, name: string, count: number, targets: readonly string[]): Burst {
  const names = numbered(name, count);
  const rules = names.map((rule, index) => ({
    rule,
    host: `${rule}.example.com`,
    to: targets[index % targets.length] ?? '',
  }));
  return {
    answers: new Map([...answersOf(names), ...rules.map(({ host, to }) => [host, to] as const)]),
    add: () =>
      Promise.all([
        ...names.map((service) => objects.addService(service)),
        ...rules.map(({ rule, host, to }) => objects.addRule(rule, host, hostOf(to))),
      ]),
    remove: () =>
      Promise.all([
        ...names.map((service) => objects.removeService(service)),
        ...names.map((rule) => objects.removeRule(rule)),
      ]),
  };
}

export function numbered(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${index}`);
}

/** Each service answers for itself. */
export function answersOf(services: readonly string[]): Answers {
  return new Map(services.map((service) => [hostOf(service), service]));
}

/** Of the same hosts none is known. */
export function unknown(answers: Answers): Answers {
  return new Map([...answers.keys()].map((host) => [host, unknownHost]));
}
