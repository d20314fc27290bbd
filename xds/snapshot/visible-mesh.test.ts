import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { aService } from '../model/model-testing.ts';
import { listedMesh } from '../registry/listed-mesh.testing.ts';
import { SharedResults } from './shared-results.ts';
import { VisibleMesh } from './visible-mesh.ts';

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

describe('what is worked out for a view', () => {
  it('is not kept by the questions that were asked for it, once nobody uses it', async () => {
    const shared = new SharedResults();
    const mesh = listedMesh({ services: [aService()] });
    const workOut = (): WeakRef<object> => {
      const visible = new VisibleMesh(mesh, { namespace: 'default', sourceLabels: { app: 'x' } }, shared);
      const result = visible.shareAsking('routes', [], ({ view, destinations }) => ({
        namespace: view.namespace,
        labels: view.sourceLabels,
        service: destinations.service(aService().hostname),
        policy: destinations.trafficPolicy(aService().hostname, 80),
      }));
      return new WeakRef(result);
    };
    const result = workOut();
    await vi.waitFor(() => {
      collectGarbage();
      expect(result.deref() === undefined).toBe(true); // an error must not hold it, either
    });
  });
});
