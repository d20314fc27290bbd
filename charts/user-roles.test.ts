import { describe, expect, it } from 'vitest';
import { userRules } from './user-roles.ts';

function verbsOn(role: 'view' | 'edit' | 'admin', resource: string): readonly string[] {
  return userRules()[role].flatMap(({ resources, verbs }) => (resources?.includes(resource) === true ? verbs : []));
}

describe('userRules', () => {
  it('let a viewer see everything and write nothing', () => {
    expect(verbsOn('view', 'virtualservices')).toEqual(['get', 'list', 'watch']);
    expect(verbsOn('view', 'meshcontrolplanes')).toEqual(['get', 'list', 'watch']);
  });

  it('let an editor write what belongs to a namespace, and no control plane', () => {
    expect(verbsOn('edit', 'virtualservices')).toContain('deletecollection');
    expect(verbsOn('edit', 'meshcontrolplanes')).toEqual(['get', 'list', 'watch']);
  });

  it('let an administrator write control planes', () => {
    expect(verbsOn('admin', 'meshcontrolplanes')).toEqual(expect.arrayContaining(['get', 'create', 'patch', 'delete']));
  });

  it('grant nothing by wildcard and no status, which controllers write', () => {
    expect(JSON.stringify(userRules())).not.toMatch(/\*|\/status/);
  });
});
