import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideInjection } from './decision.ts';
import type { InjectionPolicy } from './decision.ts';
import { matchesSelector } from './label-selector.ts';
import type { Pod } from './pod.ts';
import { injectionSelections } from './selections.ts';
import { settings } from './settings.testing.ts';

interface Situation {
  readonly namespace?: string;
  readonly namespaceLabels?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly policy?: Partial<InjectionPolicy>;
}

const enabled = { 'istio-injection': 'enabled' };

function decide(situation: Situation): boolean {
  const pod: Pod = {
    metadata: { labels: situation.labels ?? {}, annotations: situation.annotations ?? {} },
    spec: { containers: [{ name: 'web' }], ...situation.spec },
  };
  const { namespace = 'shop', namespaceLabels } = situation;
  return decideInjection({ pod, namespace, namespaceLabels, policy: { ...settings, ...situation.policy } }).inject;
}

describe('decideInjection', () => {
  const canary = { revision: 'canary' };
  const selector = [{ matchLabels: { job: 'yes' } }];
  it.each<readonly [string, Situation, boolean]>([
    ['a namespace that is enabled', { namespaceLabels: enabled }, true],
    ['a namespace that is disabled', { namespaceLabels: { 'istio-injection': 'disabled' } }, false],
    ['a namespace without labels', { namespaceLabels: {} }, false],
    [
      'a namespace without labels, enabled by default',
      { namespaceLabels: {}, policy: { enableNamespacesByDefault: true } },
      true,
    ],
    [
      'a pod that asks in a namespace without labels',
      { namespaceLabels: {}, labels: { 'sidecar.istio.io/inject': 'true' } },
      true,
    ],
    [
      'a pod that asks by annotation there',
      { namespaceLabels: {}, annotations: { 'sidecar.istio.io/inject': 'true' } },
      false,
    ],
    [
      'a pod that refuses by label',
      { namespaceLabels: enabled, labels: { 'sidecar.istio.io/inject': 'false' } },
      false,
    ],
    [
      'a pod that refuses by annotation',
      { namespaceLabels: enabled, annotations: { 'sidecar.istio.io/inject': 'false' } },
      false,
    ],
    [
      'a label over an annotation',
      { labels: { 'sidecar.istio.io/inject': 'true' }, annotations: { 'sidecar.istio.io/inject': 'false' } },
      true,
    ],
    ['a label that is neither yes nor no', { labels: { 'sidecar.istio.io/inject': 'perhaps' } }, false],
    [
      'an annotation that is "on"',
      { annotations: { 'sidecar.istio.io/inject': 'On' }, policy: { policy: 'disabled' } },
      true,
    ],
    ['a namespace of this revision', { namespaceLabels: { 'istio.io/rev': 'canary' }, policy: canary }, true],
    ['a namespace of another revision', { namespaceLabels: { 'istio.io/rev': 'stable' }, policy: canary }, false],
    ['a namespace that is enabled, for a named revision', { namespaceLabels: enabled, policy: canary }, false],
    [
      'a namespace that is disabled and of this revision',
      { namespaceLabels: { 'istio-injection': 'disabled', 'istio.io/rev': 'canary' }, policy: canary },
      false,
    ],
    [
      'a namespace that is enabled and of this revision: the older label wins',
      { namespaceLabels: { ...enabled, 'istio.io/rev': 'canary' }, policy: canary },
      false,
    ],
    ['a pod of this revision', { namespaceLabels: {}, labels: { 'istio.io/rev': 'canary' }, policy: canary }, true],
    ['a pod of another revision', { namespaceLabels: {}, labels: { 'istio.io/rev': 'other' }, policy: canary }, false],
    ['a pod on the host network', { namespaceLabels: enabled, spec: { hostNetwork: true } }, false],
    ['a pod on Windows', { namespaceLabels: enabled, spec: { os: { name: 'windows' } } }, false],
    [
      'a pod of kube-system that asks',
      { namespace: 'kube-system', labels: { 'sidecar.istio.io/inject': 'true' } },
      false,
    ],
    ['the policy disabled', { namespaceLabels: enabled, policy: { policy: 'disabled' } }, false],
    [
      'a pod that asks, with the policy disabled',
      { namespaceLabels: enabled, labels: { 'sidecar.istio.io/inject': 'true' }, policy: { policy: 'disabled' } },
      true,
    ],
    ['neverInjectSelector', { labels: { job: 'yes' }, policy: { neverInjectSelector: selector } }, false],
    [
      'a pod that asks, over neverInjectSelector',
      { labels: { job: 'yes', 'sidecar.istio.io/inject': 'true' }, policy: { neverInjectSelector: selector } },
      true,
    ],
    [
      'alwaysInjectSelector with the policy disabled',
      { labels: { job: 'yes' }, policy: { policy: 'disabled', alwaysInjectSelector: selector } },
      true,
    ],
    [
      'neverInjectSelector over alwaysInjectSelector',
      { labels: { job: 'yes' }, policy: { neverInjectSelector: selector, alwaysInjectSelector: selector } },
      false,
    ],
    ['an empty neverInjectSelector', { policy: { neverInjectSelector: [{}] } }, true],
    ['unknown namespace labels', {}, true],
  ])('%s', (_what, situation, inject) => expect(decide(situation)).toBe(inject));
});

describe('injectionSelections', () => {
  const some = (values: readonly string[]): fc.Arbitrary<string | undefined> => fc.constantFrom(undefined, ...values);
  const labelled = (
    entries: Readonly<Record<string, fc.Arbitrary<string | undefined>>>,
  ): fc.Arbitrary<Record<string, string>> =>
    fc
      .record(entries)
      .map((map) =>
        Object.fromEntries(Object.entries(map).filter((entry): entry is [string, string] => entry[1] !== undefined)),
      );
  const revisions = ['default', 'canary', 'stable'];

  it('gives no pod to two webhooks, of one revision or of several', () => {
    const namespaces = labelled({
      'istio-injection': some(['enabled', 'disabled']),
      'istio.io/rev': some(revisions),
      'kubernetes.io/metadata.name': fc.constantFrom('shop', 'kube-system'),
    });
    const pods = labelled({ 'sidecar.istio.io/inject': some(['true', 'false']), 'istio.io/rev': some(revisions) });
    fc.assert(
      fc.property(namespaces, pods, fc.constantFrom(...revisions), (namespace, pod, everywhere) => {
        const selected = revisions
          .flatMap((revision) => injectionSelections({ revision, enableNamespacesByDefault: revision === everywhere }))
          .filter((one) => matchesSelector(one.namespaceSelector, namespace))
          .filter((one) => matchesSelector(one.objectSelector, pod));
        expect(selected.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });

  it('has the five selections of Istio for the default revision, and three for others', () => {
    const names = (revision: string): readonly string[] =>
      injectionSelections({ revision, enableNamespacesByDefault: true }).map(({ name }) => name);
    expect(names('default')).toEqual(['rev.namespace', 'rev.object', 'namespace', 'object', 'auto']);
    expect(names('canary')).toEqual(['rev.namespace', 'rev.object', 'auto']);
  });
});

describe('matchesSelector', () => {
  const labels = { app: 'web' };
  it.each([
    [{}, true],
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'db' } }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'db'] }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['x'] }] }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['x'] }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, false],
    [{ matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, false],
  ] as const)('%j: %s', (selector, matches) => expect(matchesSelector(selector, labels)).toBe(matches));
});
