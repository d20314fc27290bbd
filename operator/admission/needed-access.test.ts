import { describe, expect, it } from 'vitest';
import type { MeshControlPlaneSpecInput } from '../../crds/mesh-control-plane.ts';
import { desiredObjects } from '../components/components.ts';
import { revisionOf } from '../components/revision.ts';
import { testControlPlane, testDefaults } from '../fixtures.testing.ts';
import { describeAccess } from './access.ts';
import type { NeededAccess, Wanted } from './needed-access.ts';
import { neededToCreate, neededToUpdate } from './needed-access.ts';

function wanted(spec: MeshControlPlaneSpecInput = {}): Wanted {
  const controlPlane = testControlPlane('default', spec);
  return { spec: controlPlane.spec, desired: desiredObjects(revisionOf(controlPlane, testDefaults, 'PEM')) };
}

const words = ({ accesses }: NeededAccess): readonly string[] => accesses.map(describeAccess).sort();
const change = (before: MeshControlPlaneSpecInput, after: MeshControlPlaneSpecInput): readonly string[] =>
  words(neededToUpdate(wanted(before), wanted(after)));

describe('neededToCreate', () => {
  it('is to make each object oneself, and the root certificate in every namespace', () => {
    expect(words(neededToCreate(wanted(), true))).toEqual([
      'create clusterrolebindings.rbac.authorization.k8s.io',
      'create clusterroles.rbac.authorization.k8s.io',
      'create configmaps',
      'create configmaps in namespace "istio-system"',
      'create deployments.apps in namespace "istio-system"',
      'create mutatingwebhookconfigurations.admissionregistration.k8s.io',
      'create poddisruptionbudgets.policy in namespace "istio-system"',
      'create rolebindings.rbac.authorization.k8s.io in namespace "istio-system"',
      'create roles.rbac.authorization.k8s.io in namespace "istio-system"',
      'create serviceaccounts in namespace "istio-system"',
      'create services in namespace "istio-system"',
      'create validatingwebhookconfigurations.admissionregistration.k8s.io',
    ]);
  });

  it('is to make the namespace only where it is missing', () => {
    expect(words(neededToCreate(wanted(), false))).toContain('create namespaces');
  });

  it('is to hold what istiod gets: its own Secret in its namespace, and to read the cluster', () => {
    const { grants } = neededToCreate(wanted(), true);
    const held = grants.flatMap(({ accesses }) => accesses.map(describeAccess));
    expect(held).toContain('get secrets "istio-ca-secret" in namespace "istio-system"');
    expect(held).toContain('list pods');
    expect(held).toContain('create tokenreviews.authentication.k8s.io');
  });

  it('is to delete the Secret of the authority where the spec asks for that', () => {
    expect(words(neededToCreate(wanted({ ca: { deletionPolicy: 'Delete' } }), true))).toContain(
      'delete secrets "istio-ca-secret" in namespace "istio-system"',
    );
  });
});

describe('neededToUpdate', () => {
  it('is nothing where no object changes', () => {
    expect(change({}, {})).toEqual([]);
    expect(change({}, { upgrade: { paused: true } })).toEqual([]);
  });

  it('is to scale istiod oneself, and no more', () => {
    expect(change({}, { pilot: { replicas: 3 } })).toEqual([
      'update deployments.apps "istiod" in namespace "istio-system"',
    ]);
  });

  it('is to make or delete what comes or goes', () => {
    expect(change({}, { pilot: { autoscaling: { enabled: true } } })).toContain(
      'create horizontalpodautoscalers.autoscaling in namespace "istio-system"',
    );
    expect(change({ pilot: { autoscaling: { enabled: true } } }, {})).toContain(
      'delete horizontalpodautoscalers.autoscaling "istiod" in namespace "istio-system"',
    );
  });

  it('is power over all pods where what is put into them changes', () => {
    const overPods = 'update mutatingwebhookconfigurations.admissionregistration.k8s.io';
    expect(change({}, { proxy: { image: 'own.example/proxy:1' } })).toContain(overPods);
    expect(change({}, { pilot: { image: 'own.example/istiod:1' } })).not.toContain(overPods);
  });

  it('is to restart workloads where a canary does', () => {
    const canary = { upgrade: { strategy: 'Canary' } } as const;
    expect(change(canary, { ...canary, proxy: { image: 'own.example/proxy:1' } })).toContain('patch deployments.apps');
    expect(change(canary, { ...canary, pilot: { replicas: 3 } })).not.toContain('patch deployments.apps');
  });

  it('is to delete the Secret of the authority for whoever asks for that first', () => {
    const policy = { ca: { deletionPolicy: 'Delete' } } as const;
    const deletion = 'delete secrets "istio-ca-secret" in namespace "istio-system"';
    expect(change({}, policy)).toEqual([deletion]);
    expect(change(policy, { ...policy, pilot: { replicas: 3 } })).not.toContain(deletion);
  });
});
