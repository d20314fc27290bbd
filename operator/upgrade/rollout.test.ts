import { describe, expect, it } from 'vitest';
import type { Deployment } from '../../lib/kube/types.ts';
import { daemonSetRollout, deploymentRollout, statefulSetRollout } from './rollout.ts';

const metadata = { namespace: 'shop', name: 'cart', generation: 3 };
const template = { metadata: { annotations: { 'meltemi.dev/revision': 'two', other: 'x' } } };

describe('the rollout of a Deployment', () => {
  const whole = { observedGeneration: 3, replicas: 4, updatedReplicas: 4, availableReplicas: 4 };
  const rollout = (status: Deployment['status'], spec: Deployment['spec'] = {}) =>
    deploymentRollout({ metadata, spec: { replicas: 4, template, ...spec }, status: status ?? {} });

  it('is complete when all pods are new and serve, the old ones are gone and the status is about this spec', () => {
    expect(rollout(whole)).toMatchObject({ given: 'two', rolledOut: true, desired: 4, available: 4 });
    for (const change of [
      { observedGeneration: 2 },
      { updatedReplicas: 3 },
      { availableReplicas: 3 },
      { replicas: 5 },
    ]) {
      expect(rollout({ ...whole, ...change }).rolledOut).toBe(false);
    }
  });

  it('is complete where no pods are wanted', () => {
    expect(rollout({ observedGeneration: 3 }, { replicas: 0 }).rolledOut).toBe(true);
  });

  it('takes as many pods away at once as its strategy says', () => {
    const rollingUpdate = (maxUnavailable: number | string, maxSurge: number | string) =>
      rollout(whole, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } } }).takesDown;
    expect(rollout(whole).takesDown).toBe(1);
    expect(rollout(whole, { replicas: 3 }).takesDown).toBe(0);
    expect(rollingUpdate('50%', 1)).toBe(2);
    expect(rollingUpdate(0, 1)).toBe(0);
    expect(rollingUpdate(0, 0)).toBe(1);
    expect(rollout(whole, { strategy: { type: 'Recreate' } }).takesDown).toBe(4);
  });

  it('cannot be started while it is paused', () => {
    expect(rollout(whole, { paused: true }).obstacle).toContain('paused');
  });
});

describe('the rollout of a StatefulSet', () => {
  const status = { observedGeneration: 3, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };

  it('is complete when all pods are new and serve', () => {
    expect(statefulSetRollout({ metadata, spec: { replicas: 2, template }, status })).toMatchObject({
      given: 'two',
      rolledOut: true,
      takesDown: 1,
    });
    const one = { ...status, updatedReplicas: 1 };
    expect(statefulSetRollout({ metadata, spec: { replicas: 2 }, status: one }).rolledOut).toBe(false);
  });

  it('cannot be started in full with OnDelete or a partition', () => {
    const obstacle = (updateStrategy: object) =>
      statefulSetRollout({ metadata, spec: { replicas: 2, updateStrategy }, status }).obstacle;
    expect(obstacle({ type: 'OnDelete' })).toContain('OnDelete');
    expect(obstacle({ rollingUpdate: { partition: 1 } })).toContain('partition');
    expect(obstacle({ type: 'RollingUpdate' })).toBeUndefined();
  });
});

describe('the rollout of a DaemonSet', () => {
  const status = { observedGeneration: 3, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 };

  it('is complete when the pods of all nodes are new and serve', () => {
    expect(daemonSetRollout({ metadata, status })).toMatchObject({ rolledOut: true, desired: 3, takesDown: 1 });
    expect(daemonSetRollout({ metadata, status: { ...status, numberAvailable: 2 } }).rolledOut).toBe(false);
  });

  it('takes no pod away when it surges', () => {
    const updateStrategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    expect(daemonSetRollout({ metadata, spec: { updateStrategy }, status }).takesDown).toBe(0);
  });
});
