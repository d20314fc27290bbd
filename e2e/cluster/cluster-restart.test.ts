import { expect, it } from 'vitest';
import { componentNamed } from './cluster-restart.ts';

it('knows components by their names, and says which there are', () => {
  expect(componentNamed('kubelet')).toBe('kubelet');
  expect(() => componentNamed('kublet')).toThrow(/"kublet".*kube-apiserver/);
});
