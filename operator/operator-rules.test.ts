import { describe, expect, it } from 'vitest';
import { meshControlPlanes, meshRevisions, meshRevisionTags } from '../crds/kinds.ts';
import type { Resource } from '../lib/kube/resources.ts';
import {
  events,
  leases,
  namespaces,
  pods,
  selfSubjectAccessReviews,
  subjectAccessReviews,
} from '../lib/kube/resources.ts';
import type { PolicyRule } from '../lib/kube/types.ts';
import { desiredObjects } from './components/components.ts';
import { istiodClusterRules, istiodNamespaceRules } from './components/permissions.ts';
import { revisionOf } from './components/revision.ts';
import { testControlPlane, testDefaults } from './fixtures.testing.ts';
import { operatorOwnRules, operatorRules } from './operator-rules.ts';

interface Access {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly name: string | undefined;
}

/** Every single permission of a rule. */
function accesses({ apiGroups = [], resources = [], resourceNames, verbs }: PolicyRule): readonly Access[] {
  const names = resourceNames ?? [undefined];
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.flatMap((verb) => names.map((name) => ({ group, resource, verb, name })))),
  );
}

function isAllowed(rules: readonly PolicyRule[], access: Access): boolean {
  return rules
    .flatMap(accesses)
    .some(
      (held) =>
        held.group === access.group &&
        held.resource === access.resource &&
        held.verb === access.verb &&
        (held.name === undefined || held.name === access.name),
    );
}

const on = ({ group, plural }: Resource, verb: string): Access => ({ group, resource: plural, verb, name: undefined });

describe('operatorRules', () => {
  it('hold every permission that istiod is granted, so that it may be granted', () => {
    for (const access of [...istiodClusterRules, ...istiodNamespaceRules].flatMap(accesses)) {
      expect(isAllowed(operatorRules, access), JSON.stringify(access)).toBe(true);
    }
  });

  it('allow to keep each kind that a control plane consists of', () => {
    const everything = { pilot: { autoscaling: { enabled: true } } };
    const objects = desiredObjects(revisionOf(testControlPlane('default', everything), testDefaults, 'PEM'));
    const kinds = new Set(objects.map(({ resource }) => resource));
    for (const resource of kinds) {
      for (const verb of ['get', 'list', 'watch', 'create', 'patch', 'delete']) {
        expect(isAllowed(operatorOwnRules, on(resource, verb)), `${verb} ${resource.plural}`).toBe(true);
      }
    }
  });

  it.each([
    [meshControlPlanes, ['get', 'list', 'watch', 'patch']],
    [meshRevisions, ['get', 'list', 'watch', 'create', 'patch', 'delete']],
    [meshRevisionTags, ['get', 'list', 'watch']],
    [namespaces, ['get', 'list', 'watch', 'create']],
    [pods, ['list', 'watch']],
    [leases, ['list', 'watch', 'delete']],
    [events, ['create', 'patch']],
    [subjectAccessReviews, ['create']],
    [selfSubjectAccessReviews, ['create']],
  ] as const)('allow what the reconcile does with %o', (resource, verbs) => {
    for (const verb of verbs) expect(isAllowed(operatorOwnRules, on(resource, verb))).toBe(true);
  });

  it.each([meshControlPlanes, meshRevisions, meshRevisionTags])('allow to write the status of %o', (resource) => {
    const status = { ...on(resource, 'patch'), resource: `${resource.plural}/status` };
    expect(isAllowed(operatorOwnRules, status)).toBe(true);
  });

  it('are nothing like an administrator’s', () => {
    for (const { group, resource, verb, name } of operatorRules.flatMap(accesses)) {
      expect([group, resource, verb]).not.toContain('*');
      expect(['bind', 'escalate', 'impersonate']).not.toContain(verb);
      if (resource === 'secrets' && verb !== 'create') expect(name).toBe('istio-ca-secret');
    }
  });
});
