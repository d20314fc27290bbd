import { describe, expect, it } from 'vitest';
import type { ContainerStatus, Pod, PodStatus } from '../../lib/kube/types.ts';
import { podProblem, podProblems } from './pod-problem.ts';

function pod(status: PodStatus, name = 'istiod-abc'): Pod {
  return { metadata: { name, namespace: 'istio-system' }, status };
}

function container(status: Partial<ContainerStatus>): PodStatus {
  return {
    phase: 'Pending',
    conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'not ready: [discovery]' }],
    containerStatuses: [{ name: 'discovery', ready: false, restartCount: 0, ...status }],
  };
}

describe('podProblem', () => {
  it('has nothing to say of a pod that is ready', () => {
    expect(podProblem(pod({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }))).toBeUndefined();
  });

  it.each<[string, PodStatus, string, boolean]>([
    [
      'an image that cannot be pulled',
      container({ state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "x:1"' } } }),
      'pod istiod-abc: container discovery: ImagePullBackOff: Back-off pulling image "x:1"',
      true,
    ],
    [
      'a container that is being made',
      container({ state: { waiting: { reason: 'ContainerCreating' } } }),
      'pod istiod-abc: container discovery: ContainerCreating',
      false,
    ],
    [
      'a crash loop, with the last words before it',
      container({
        restartCount: 3,
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container' } },
        lastState: { terminated: { exitCode: 1, reason: 'Error', message: 'Secret holds no usable authority\n' } },
      }),
      'pod istiod-abc: container discovery: CrashLoopBackOff: back-off 40s restarting failed container; ' +
        'before that it ended with exit code 1 (Error): Secret holds no usable authority',
      true,
    ],
    [
      'a container that has just ended',
      container({ state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }),
      'pod istiod-abc: container discovery: OOMKilled: exit code 137 (OOMKilled)',
      true,
    ],
    [
      'a pod that no node can take',
      {
        phase: 'Pending',
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes: Insufficient cpu.' },
        ],
      },
      'pod istiod-abc: Unschedulable: 0/1 nodes: Insufficient cpu.',
      true,
    ],
    [
      'an evicted pod',
      { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' },
      'pod istiod-abc: Evicted: The node was low on resource: memory.',
      true,
    ],
    [
      'a pod that runs and is not ready yet',
      container({ state: { running: {} }, started: true }),
      'pod istiod-abc: ContainersNotReady: not ready: [discovery]',
      false,
    ],
    ['a pod without any status', {}, 'pod istiod-abc: NotReady', false],
  ])('tells of %s in its own words', (_name, status, message, failing) => {
    expect(podProblem(pod(status))).toMatchObject({ message, failing });
  });
});

describe('podProblems', () => {
  it('puts what fails before what starts', () => {
    const starting = pod(container({ state: { waiting: { reason: 'ContainerCreating' } } }), 'istiod-a');
    const failing = pod(container({ state: { waiting: { reason: 'ErrImagePull' } } }), 'istiod-b');
    expect(podProblems([starting, failing]).map((problem) => problem.pod)).toEqual(['istiod-b', 'istiod-a']);
  });
});
