import { describe, expect, it } from 'vitest';
import type { AdmissionResponse } from '../../config/admission-review.ts';
import type { MeshControlPlane, MeshControlPlaneSpecInput } from '../../crds/mesh-control-plane.ts';
import { desiredObjects } from '../components/components.ts';
import { revisionOf } from '../components/revision.ts';
import { testControlPlane, testDefaults } from '../fixtures.testing.ts';
import { noUsers } from '../reconcile/proxy-users.ts';
import { accessTo } from './access.ts';
import { namespaces } from '../../lib/kube/resources.ts';
import type { ReviewContext } from './review.ts';
import { reviewAdmission } from './review.ts';

const operator = 'system:serviceaccount:meltemi-system:meltemi-operator';

function context(more: Partial<ReviewContext> = {}): ReviewContext {
  return {
    access: { missing: () => Promise.resolve([accessTo(namespaces, 'create')]) },
    desiredOf: (controlPlane) => desiredObjects(revisionOf(controlPlane, testDefaults, 'PEM')),
    namespaceExists: () => false,
    misfitOf: () => undefined,
    operator,
    usersOf: () => Promise.resolve(noUsers),
    ...more,
  };
}

interface Asked {
  readonly operation?: string;
  readonly object?: unknown;
  readonly oldObject?: unknown;
  readonly username?: string;
  readonly kind?: string;
}

async function ask(asked: Asked, of: ReviewContext = context()): Promise<AdmissionResponse> {
  const { operation = 'CREATE', object, oldObject, username = 'jane', kind = 'MeshControlPlane' } = asked;
  const review = await reviewAdmission(of, {
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '7',
      kind: { group: 'meltemi.dev', version: 'v1alpha1', kind },
      ...{ operation, name: 'default', object, oldObject },
      userInfo: { username, groups: ['system:authenticated'] },
    },
  });
  return review.response;
}

const plane = (spec: MeshControlPlaneSpecInput = {}): MeshControlPlane => testControlPlane('default', spec);
const using = (count: number) => () =>
  Promise.resolve({ count, workloads: [{ name: 'Deployment shop/cart', pods: count }] });

describe('reviewAdmission', () => {
  it('denies what a user may not do themselves, in words that say what', async () => {
    const { allowed, status } = await ask({ object: plane() });
    expect(allowed).toBe(false);
    expect(status?.code).toBe(403);
    expect(status?.message).toBe(
      'MeshControlPlane "default": user "jane" may do through it only what they may do themselves, and is not allowed to: create namespaces',
    );
  });

  it('lets in whoever lacks nothing, and the operator itself', async () => {
    const none = context({ access: { missing: () => Promise.resolve([]) } });
    expect(await ask({ object: plane() }, none)).toMatchObject({ allowed: true });
    expect(await ask({ object: plane(), username: operator })).toMatchObject({ allowed: true });
  });

  it('denies what cannot work before it asks who wants it', async () => {
    const { status } = await ask({ object: plane({ pilot: { logLevel: 'nonsense' } }) });
    expect(status?.message).toContain('spec.pilot.logLevel');
    const misfit = context({ misfitOf: () => ({ field: 'spec.version', message: 'is too new' }) });
    expect((await ask({ object: plane() }, misfit)).status).toMatchObject({
      code: 422,
      message: 'MeshControlPlane "default" is invalid: spec.version: is too new',
      details: { causes: [{ field: 'spec.version' }] },
    });
  });

  it('has no opinion on changes beside the spec', async () => {
    const object = { ...plane(), metadata: { ...plane().metadata, finalizers: [] } };
    expect(await ask({ operation: 'UPDATE', object, oldObject: plane() })).toMatchObject({ allowed: true });
  });

  it('denies what it cannot judge, but for deletions', async () => {
    const down = (): never => {
      throw new Error('connection refused');
    };
    const broken = context({ access: { missing: down }, usersOf: down });
    const { allowed, status } = await ask({ object: plane() }, broken);
    expect([allowed, status?.code]).toEqual([false, 500]);
    expect(status?.message).toBe('MeshControlPlane "default" could not be checked: connection refused; try again');
    expect(await ask({ operation: 'DELETE', oldObject: plane() }, broken)).toMatchObject({ allowed: true });
  });

  it('denies a deletion by number and name of those who would be hurt, unless it is forced', async () => {
    const used = context({ usersOf: using(3) });
    const { status } = await ask({ operation: 'DELETE', oldObject: plane() }, used);
    expect(status?.message).toMatch(
      /is used by 3 proxies: Deployment shop\/cart \(3\)\..*meltemi.dev\/force-delete=true$/,
    );
    const annotations = { 'meltemi.dev/force-delete': 'true' };
    const forced = { ...plane(), metadata: { ...plane().metadata, annotations } };
    expect(await ask({ operation: 'DELETE', oldObject: forced }, used)).toMatchObject({ allowed: true });
    expect(await ask({ operation: 'DELETE', oldObject: plane() })).toMatchObject({ allowed: true });
  });

  it('leaves MeshRevisions to the operator', async () => {
    const object = { metadata: { name: 'x' }, spec: { version: '1' } };
    const revision = { kind: 'MeshRevision', object };
    expect((await ask(revision)).status?.message).toContain('only the operator writes');
    expect(await ask({ ...revision, username: operator })).toMatchObject({ allowed: true });
    const unchanged = { ...revision, operation: 'UPDATE', oldObject: object };
    expect(await ask(unchanged)).toMatchObject({ allowed: true });
  });

  it('answers what is no review', async () => {
    for (const review of [undefined, {}, { apiVersion: 'admission.k8s.io/v1' }]) {
      expect((await reviewAdmission(context(), review)).response).toMatchObject({ allowed: false });
    }
  });
});
