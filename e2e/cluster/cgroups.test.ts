import { expect, it } from 'vitest';
import { hierarchiesOf } from './cgroups.ts';

it('finds one hierarchy for version 2', () => {
  expect(hierarchiesOf('proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n')).toEqual([
    '/sys/fs/cgroup',
  ]);
});

it('finds all of version 1, and version 2 beside them, but nobody else’s mounts', () => {
  const mounts = [
    'tmpfs /sys/fs/cgroup tmpfs rw 0 0',
    'cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0',
    'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0',
    'cgroup /elsewhere/cpu cgroup rw,cpu 0 0',
  ];
  expect(hierarchiesOf(mounts.join('\n'))).toEqual(['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/unified']);
});
