import { expect, it } from 'vitest';
import { clusterEnvironment, commandEnvironment, searchFolders } from './environment.ts';

it('adds the folders of system commands to a PATH, each once, after its own', () => {
  const folders = searchFolders('/mine:relative::/usr/bin');
  expect(folders.slice(0, 2)).toEqual(['/mine', '/usr/bin']);
  expect(folders).toContain('/usr/sbin');
  expect(folders).not.toContain('relative');
  expect(folders.filter((folder) => folder === '/usr/bin')).toHaveLength(1);
  expect(commandEnvironment({ PATH: '/mine' })['PATH']).toBe(searchFolders('/mine').join(':'));
});

it('keeps proxies and etcd’s flags from a cluster', () => {
  const env = { HTTPS_PROXY: 'x', no_proxy: 'x', ETCD_NAME: 'x', HOME: '/h' };
  expect(Object.keys(clusterEnvironment(env)).sort()).toEqual(['HOME', 'PATH']);
  expect(commandEnvironment(env)).toMatchObject({ HTTPS_PROXY: 'x' });
});
