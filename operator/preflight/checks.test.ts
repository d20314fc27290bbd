import { describe, expect, it } from 'vitest';
import { testRelease } from '../versions/versions.testing.ts';
import { neededApis, preflight } from './checks.ts';
import { objections, upgradeableDraft } from './condition.ts';
import type { Facts } from './facts.ts';
import type { Known } from './finding.ts';

const of = <T>(value: T): Known<T> => ({ known: true, value });
const release = testRelease('0.2.0', { minKubernetesMinor: 30 });
const good: Facts = {
  release,
  releases: [release, testRelease('0.1.0')],
  kubernetesMinor: of(31),
  served: of(new Set(neededApis)),
  missingPermissions: of([]),
  brokenObjects: of([]),
  room: of({ wanted: 3, fitting: 10, schedulableNodes: 2, request: '500m CPU and 1Gi memory' }),
  deadWebhooks: of([]),
  budgets: of([{ name: 'shop/cart', disruptionsAllowed: 1, expectedPods: 2 }]),
  proxies: of([{ name: '3 proxies', version: '0.1.0' }]),
};

describe('preflight', () => {
  it('finds nothing where all is well', () => {
    expect(preflight(good)).toEqual({ findings: [], unknown: [] });
    expect(upgradeableDraft(preflight(good), false)).toMatchObject({ status: 'True', reason: 'PreflightPassed' });
  });

  it('needs what the operator and istiod work with', () => {
    for (const api of ['admissionregistration.k8s.io/v1', 'policy/v1', 'autoscaling/v2', 'coordination.k8s.io/v1']) {
      expect(neededApis).toContain(api);
    }
    expect(neededApis).toContain('discovery.k8s.io/v1');
    expect(neededApis.filter((api) => api.includes('meltemi'))).toEqual([]);
  });

  const cases: readonly (readonly [string, Partial<Facts>, RegExp, boolean])[] = [
    ['an old Kubernetes', { kubernetesMinor: of(29) }, /0\.2\.0 needs Kubernetes 1\.30, and this is 1\.29/, false],
    [
      'an API that is gone',
      { served: of(new Set(neededApis.filter((api) => api !== 'policy/v1'))) },
      /does not serve policy\/v1/,
      false,
    ],
    ['a permission', { missingPermissions: of(['list nodes']) }, /not allowed to: list nodes; .*helm upgrade/, false],
    [
      'configuration in error',
      { brokenObjects: of([{ name: 'VirtualService shop/cart', problem: 'spec.hosts: is required' }]) },
      /VirtualService shop\/cart \(spec\.hosts: is required\); repair it/,
      true,
    ],
    [
      'a cluster that is too small',
      { room: of({ wanted: 3, fitting: 2, schedulableNodes: 1, request: '2 CPU and 4Gi memory' }) },
      /room for 2 pods of 2 CPU and 4Gi memory at most, and the upgrade needs 3; add a node/,
      true,
    ],
    [
      'a webhook that nobody answers',
      { deadWebhooks: of([{ name: 'MutatingWebhookConfiguration x (webhook y)', service: 'Service a/b' }]) },
      /MutatingWebhookConfiguration x \(webhook y\) of Service a\/b/,
      true,
    ],
    [
      'a budget that is used up',
      { budgets: of([{ name: 'shop/cart', disruptionsAllowed: 0, expectedPods: 1 }]) },
      /allow no pod to go: shop\/cart/,
      true,
    ],
    [
      'sidecars that are too new',
      { proxies: of([{ name: '2 proxies', version: '0.3.0' }]) },
      /2 proxies \(0\.3\.0\)/,
      true,
    ],
  ];

  it.each(cases)('finds %s, and says what to do', (_what, facts, words, overridable) => {
    const { findings } = preflight({ ...good, ...facts });
    expect(findings).toHaveLength(1);
    expect(findings[0]?.message).toMatch(words);
    expect(findings[0]?.overridable).toBe(overridable);
  });

  it('is not held by a budget without pods', () => {
    const budgets = of([{ name: 'shop/cart', disruptionsAllowed: 0, expectedPods: 0 }]);
    expect(preflight({ ...good, budgets }).findings).toEqual([]);
  });

  it('is not held by what it could not learn, and says so', () => {
    const report = preflight({ ...good, room: { known: false, why: 'nodes is forbidden' } });
    expect(objections(report, false)).toEqual([]);
    expect(upgradeableDraft(report, false)).toEqual({
      status: 'True',
      reason: 'PreflightIncomplete',
      message: 'nothing found is in the way; Capacity could not be checked: nodes is forbidden',
    });
  });

  it('can be overridden where that may turn out well, and nowhere else', () => {
    const small = { room: of({ wanted: 3, fitting: 2, schedulableNodes: 1, request: 'x' }) };
    const overridable = preflight({ ...good, ...small });
    expect(objections(overridable, false)).toHaveLength(1);
    expect(objections(overridable, true)).toEqual([]);
    expect(upgradeableDraft(overridable, false).message).toContain('spec.upgrade.force lets');
    expect(upgradeableDraft(overridable, true)).toMatchObject({ status: 'True', reason: 'PreflightForced' });
    const both = preflight({ ...good, ...small, kubernetesMinor: of(20) });
    expect(objections(both, true)).toHaveLength(1);
    expect(upgradeableDraft(both, true)).toMatchObject({ status: 'False', reason: 'PreflightFailed' });
    expect(upgradeableDraft(both, true).message).not.toContain('Capacity');
  });
});
