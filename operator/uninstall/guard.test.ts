import { describe, expect, it } from 'vitest';
import { meshControlPlanes } from '../../crds/kinds.ts';
import { apiError, fakeApi } from '../fake-api.testing.ts';
import { testControlPlane } from '../fixtures.testing.ts';
import { uninstallObstacle } from './guard.ts';

describe('uninstallObstacle', () => {
  it('names the control planes that are left, and what to do', async () => {
    const api = fakeApi();
    for (const name of ['prod', 'default']) api.seed(meshControlPlanes, testControlPlane(name));
    expect(await uninstallObstacle(api)).toMatch(
      /^MeshControlPlanes are left: default, prod\. .*kubectl delete meshcontrolplanes --all.*--no-hooks.*helm rollback/,
    );
  });

  it('is none without control planes, or without their kind', async () => {
    expect(await uninstallObstacle(fakeApi())).toBeUndefined();
    const list = () => Promise.reject(apiError(404, 'NotFound', 'the server could not find the requested resource'));
    expect(await uninstallObstacle({ list })).toBeUndefined();
  });

  it('is an error when the API server cannot be asked', async () => {
    const list = () => Promise.reject(apiError(403, 'Forbidden', 'no'));
    await expect(uninstallObstacle({ list })).rejects.toThrow('no');
  });
});
