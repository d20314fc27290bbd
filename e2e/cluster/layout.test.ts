import { describe, expect, it } from 'vitest';
import { clustersFolder, layoutOf } from './layout.ts';

describe('layoutOf', () => {
  it('keeps everything in the cluster’s own folder', () => {
    const { name, folder, ...rest } = layoutOf('one', '/clusters');
    expect([name, folder]).toEqual(['one', '/clusters/one']);
    const paths = JSON.stringify(rest).match(/"\/[^"]*"/g) ?? [];
    expect(paths.length).toBeGreaterThan(8);
    for (const path of paths) expect(path).toMatch(/^"\/clusters\/one\//);
  });

  it.each(['', '-a', 'a-', 'A', 'a/b', '..', 'a'.repeat(31)])('refuses the name %j', (name) => {
    expect(() => layoutOf(name, '/clusters')).toThrow(/cluster name/);
  });
});

describe('clustersFolder', () => {
  it('follows XDG_STATE_HOME where that is an absolute path', () => {
    expect(clustersFolder({ XDG_STATE_HOME: '/s' })).toBe('/s/meltemi/clusters');
    expect(clustersFolder({ XDG_STATE_HOME: 's' })).toMatch(/\/\.local\/state\/meltemi\/clusters$/);
  });
});
