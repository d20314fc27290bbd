import { describe, expect, it } from 'vitest';
import type { ApplyOptions, ObjectToWrite } from '../../lib/kube/client.ts';
import { deployments } from '../../lib/kube/resources.ts';
import type { FakeApi } from '../fake-api.testing.ts';
import { apiError, fakeApi } from '../fake-api.testing.ts';
import { applyMove } from './apply-moves.ts';

const workload = { namespace: 'shop', kind: 'Deployment', name: 'cart' } as const;
const present = { metadata: { namespace: 'shop', name: 'cart', uid: 'u1' } };

function recording(): { readonly api: FakeApi; readonly applied: (readonly [ObjectToWrite, ApplyOptions])[] } {
  const api = fakeApi();
  const applied: (readonly [ObjectToWrite, ApplyOptions])[] = [];
  const apply: FakeApi['apply'] = (resource, object, options) => {
    applied.push([object, options]);
    return api.apply(resource, object, options);
  };
  return { api: { ...api, apply }, applied };
}

describe('a move', () => {
  it('applies the one annotation of the template, as a manager of its own, without force', async () => {
    const { api, applied } = recording();
    const outcome = await applyMove(api, { workload, revision: 'two' }, present);
    expect(outcome.kind).toBe('moved');
    expect(applied).toEqual([
      [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'cart', namespace: 'shop', uid: 'u1' },
          spec: { template: { metadata: { annotations: { 'meltemi.dev/revision': 'two' } } } },
        },
        { fieldManager: 'meltemi-upgrade' },
      ],
    ]);
  });

  it('takes the annotation away by applying nothing', async () => {
    const { api, applied } = recording();
    await applyMove(api, { workload, revision: undefined }, present);
    expect(applied[0]?.[0]).not.toHaveProperty('spec');
  });

  it('leaves an annotation that somebody else owns, and says who', async () => {
    const api = fakeApi();
    api.failOnce('apply Deployment shop/cart', apiError(409, 'Conflict', 'conflict with "argo": .spec.template'));
    const outcome = await applyMove(api, { workload, revision: 'two' }, present);
    expect(outcome).toMatchObject({ kind: 'refused', message: expect.stringContaining('argo') as string });
  });

  it('does not mind a workload that is gone', async () => {
    const api = fakeApi();
    api.failOnce('apply Deployment shop/cart', apiError(404, 'NotFound', 'not found'));
    expect(await applyMove(api, { workload, revision: 'two' }, present)).toEqual({ kind: 'gone' });
    expect(api.objects(deployments)).toEqual([]);
  });

  it('fails with the name of the workload on any other error', async () => {
    const api = fakeApi();
    api.failOnce('apply Deployment shop/cart', apiError(403, 'Forbidden', 'no'));
    await expect(applyMove(api, { workload, revision: 'two' }, present)).rejects.toThrow('Deployment shop/cart');
  });
});
