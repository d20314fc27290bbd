import { describe, expect, it } from 'vitest';
import type { Node } from '../../lib/kube/types.ts';
import { testControlPlane } from '../fixtures.testing.ts';
import { roomFor } from './capacity.ts';

function node(spec: Node['spec'] = {}, more: Partial<NonNullable<Node['status']>> = {}, labels = {}): Node {
  return {
    metadata: { name: 'n', labels },
    spec,
    status: {
      allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True' }],
      ...more,
    },
  };
}

const requests = { cpu: '1', memory: '1Gi' };
const spec = testControlPlane('default', { pilot: { replicas: 2, resources: { requests } } }).spec;

describe('roomFor', () => {
  it('counts what nodes could hold by what they have least of', () => {
    expect(roomFor(spec, [node(), node()])).toEqual({
      wanted: 3,
      fitting: 8,
      schedulableNodes: 2,
      request: '1 CPU and 1Gi memory',
    });
    expect(roomFor(spec, [node({}, { allocatable: { cpu: '4', memory: '2Gi', pods: '110' } })]).fitting).toBe(2);
    expect(roomFor(spec, [node({}, { allocatable: { cpu: '64', memory: '1Ti', pods: '5' } })]).fitting).toBe(5);
  });

  it('wants another whole istiod for a canary, and one pod more else', () => {
    const canary = testControlPlane('default', { pilot: { replicas: 2 }, upgrade: { strategy: 'Canary' } }).spec;
    expect(roomFor(canary, []).wanted).toBe(4);
    const scaled = testControlPlane('default', { pilot: { autoscaling: { enabled: true, minReplicas: 3 } } }).spec;
    expect(roomFor(scaled, []).wanted).toBe(4);
  });

  it('leaves out nodes that no pod goes to', () => {
    const taint = { key: 'dedicated', value: 'db', effect: 'NoSchedule' };
    const unusable = [
      node({ unschedulable: true }),
      node({}, { conditions: [{ type: 'Ready', status: 'Unknown' }] }),
      node({ taints: [taint] }),
    ];
    expect(roomFor(spec, unusable).schedulableNodes).toBe(0);
    expect(roomFor(spec, [node({ taints: [{ ...taint, effect: 'PreferNoSchedule' }] })]).schedulableNodes).toBe(1);
  });

  it('follows selector and tolerations', () => {
    const picky = testControlPlane('default', {
      pilot: {
        nodeSelector: { pool: 'mesh' },
        tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'mesh', effect: 'NoSchedule' }],
      },
    }).spec;
    const taints = [{ key: 'dedicated', value: 'mesh', effect: 'NoSchedule' }];
    expect(roomFor(picky, [node({ taints }, {}, { pool: 'mesh' }), node()]).schedulableNodes).toBe(1);
    const other = [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }];
    expect(roomFor(picky, [node({ taints: other }, {}, { pool: 'mesh' })]).schedulableNodes).toBe(0);
  });
});
