import { expect, it } from 'vitest';
import { renderStatus } from './cluster-status.ts';

it('says of each component whether it runs', () => {
  const text = renderStatus({
    name: 'one',
    state: 'impaired',
    kubeconfig: '/k',
    components: [
      { name: 'etcd', pid: 5, alive: true },
      { name: 'kubelet', pid: 6, alive: false },
    ],
    pods: { all: 3, running: 2 },
  });
  expect(text).toMatch(/^cluster one is impaired\n/);
  expect(text).toMatch(/etcd +runs \(5\)/);
  expect(text).toMatch(/kubelet +has died/);
  expect(text).toContain('2 of 3 running');
});

it('has one line for a cluster that isn’t there', () => {
  expect(renderStatus({ name: 'one', state: 'down' })).toBe('cluster one is down\n');
});
