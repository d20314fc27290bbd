import { describe, expect, it } from 'vitest';
import type { Pod } from '../../lib/kube/types.ts';
import { prunePod, workloadFromPod } from './workload.ts';

const pod: Pod = {
  metadata: {
    name: 'web-5d4c-abcde',
    namespace: 'shop',
    labels: { app: 'web', 'pod-template-hash': '5d4c' },
    annotations: { long: 'text' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4c', uid: 'u', controller: true }],
  },
  spec: {
    serviceAccountName: 'web',
    nodeName: 'n1',
    containers: [
      {
        name: 'web',
        image: 'web:1',
        ports: [
          { name: 'http', containerPort: 8080 },
          { containerPort: 53, protocol: 'UDP' },
        ],
      },
    ],
    initContainers: [
      { name: 'setup', image: 'setup:1', ports: [{ containerPort: 1 }] },
      { name: 'cache', image: 'cache:1', restartPolicy: 'Always', ports: [{ containerPort: 6379 }] },
    ],
  },
  status: { phase: 'Running', podIP: '10.1.0.1', podIPs: [{ ip: '10.1.0.1' }, { ip: 'fd00::1' }] },
};

describe('the workload of a pod', () => {
  it('has its identity, addresses, deployment and TCP ports, those of native sidecars too', () => {
    expect(workloadFromPod(pod)).toEqual({
      name: 'web',
      pod: 'web-5d4c-abcde',
      namespace: 'shop',
      serviceAccount: 'web',
      addresses: ['10.1.0.1', 'fd00::1'],
      labels: { app: 'web', 'pod-template-hash': '5d4c' },
      containerPorts: [
        { name: 'http', port: 8080 },
        { name: '', port: 6379 },
      ],
      node: 'n1',
    });
  });

  it("has no address of its own on the host's network", () => {
    const onHost = workloadFromPod({ ...pod, spec: { ...pod.spec, hostNetwork: true } });
    expect(onHost).toMatchObject({ pod: 'web-5d4c-abcde', serviceAccount: 'web', addresses: [] });
  });

  it.each<readonly [string, Pod]>([
    ['without an address', { ...pod, status: { phase: 'Pending' } }],
    ['that succeeded', { ...pod, status: { ...pod.status, phase: 'Succeeded' } }],
    ['that failed', { ...pod, status: { ...pod.status, phase: 'Failed' } }],
    ['with empty addresses', { ...pod, status: { phase: 'Running', podIPs: [] } }],
  ])('is none of a pod %s', (_what, one) => {
    expect(workloadFromPod(one)).toBeUndefined();
  });

  it('is named after the controller that is no ReplicaSet, or after the pod itself', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'u', controller: true };
    expect(workloadFromPod({ ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } })?.name).toBe('db');
    const alone = { metadata: { name: 'alone', namespace: 'shop' }, status: { podIP: '10.1.0.9' } };
    expect(workloadFromPod(alone)).toMatchObject({ name: 'alone', serviceAccount: 'default', labels: {} });
  });

  it('is the same of a pruned pod', () => {
    expect(workloadFromPod(prunePod(pod))).toEqual(workloadFromPod(pod));
    expect(JSON.stringify(prunePod(pod))).not.toMatch(/web:1|long/);
  });
});
