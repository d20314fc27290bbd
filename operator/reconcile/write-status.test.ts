import { describe, expect, it } from 'vitest';
import { meshControlPlanes } from '../../crds/kinds.ts';
import type { MeshControlPlaneStatus } from '../../crds/mesh-control-plane.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { silentLogger } from '../../lib/logger.ts';
import { apiError, fakeApi } from '../fake-api.testing.ts';
import { testControlPlane } from '../fixtures.testing.ts';
import { FreshObjects } from './fresh-objects.ts';
import { report, StaleObjectError } from './write-status.ts';

function fixture() {
  const api = fakeApi();
  const told: string[] = [];
  const event = (_subject: unknown, _type: string, reason: string): void => void told.push(reason);
  const events = { event, flush: () => Promise.resolve() };
  const object = testControlPlane('default', {}, { resourceVersion: '7' });
  api.seed(meshControlPlanes, object);
  const condition = { type: 'Ready', status: 'True' as const, reason: 'Ready', message: 'all pods serve' };
  const status: MeshControlPlaneStatus = { conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }] };
  const context = { events, fresh: new FreshObjects(), logger: silentLogger };
  return {
    api,
    told,
    write: (client: KubeClient = api) => report({ client, ...context }, meshControlPlanes, object, status),
  };
}

describe('a status', () => {
  it('is written for the version of the object that it was worked out from', async () => {
    const { api, told, write } = fixture();
    const applied: unknown[] = [];
    const apply: KubeClient['apply'] = (resource, object, options) => {
      applied.push(object.metadata);
      return api.apply(resource, object, options);
    };
    expect(await write({ ...api, apply })).toBe(true);
    expect(applied).toEqual([{ name: 'default', uid: 'uid-of-default', resourceVersion: '7' }]);
    expect(told).toEqual(['Ready']);
  });

  it('is left alone when the object has changed meanwhile, and all that was to follow with it', async () => {
    const { api, told, write } = fixture();
    api.failOnce('apply MeshControlPlane/status default', apiError(409, 'Conflict', 'the object has been modified'));
    await expect(write()).rejects.toThrow(StaleObjectError);
    expect(told).toEqual([]);
  });

  it('is left alone when the object is gone, and nothing is told', async () => {
    const { api, told, write } = fixture();
    api.failOnce('apply MeshControlPlane/status default', apiError(404, 'NotFound', 'not found'));
    expect(await write()).toBe(false);
    expect(told).toEqual([]);
  });
});
