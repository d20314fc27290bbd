import { describe, expect, it } from 'vitest';
import { layoutOf } from './layout.ts';
import { inNode, linkNameOf, mountScript } from './node.ts';

describe('linkNameOf', () => {
  it('gives each cluster another name, short enough for the kernel', () => {
    const names = ['a', 'b', 'a-cluster-with-a-very-long-name'].map(linkNameOf);
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(15);
  });
});

describe('mountScript', () => {
  it('takes folders with any characters', () => {
    expect(mountScript(layoutOf('one', "/it's here"))).toContain(`mount --bind '/it'\\''s here/one/var/log' /var/log`);
  });
});

it('inNode runs a command in all namespaces of the node', () => {
  const [command, args] = inNode({ pid: 7, startTime: 1 }, 'ls', ['-l']);
  expect([command, ...args].join(' ')).toBe('nsenter --target 7 --pid --net --mount --ipc -- ls -l');
});
