import { expect, it } from 'vitest';
import { renderKubeconfig } from './kubeconfig.ts';

it('holds one context with everything in it', () => {
  const text = renderKubeconfig({
    name: 'n',
    server: 'https://10.0.0.2:6443',
    authority: 'CA',
    certificate: 'CRT',
    key: 'KEY',
  });
  const config: unknown = JSON.parse(text);
  expect(config).toMatchObject({
    'current-context': 'n',
    clusters: [{ name: 'n', cluster: { server: 'https://10.0.0.2:6443', 'certificate-authority-data': 'Q0E=' } }],
    users: [{ name: 'n', user: { 'client-certificate-data': 'Q1JU', 'client-key-data': 'S0VZ' } }],
    contexts: [{ name: 'n', context: { cluster: 'n', user: 'n' } }],
  });
});
