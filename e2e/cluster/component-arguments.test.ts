import { describe, expect, it } from 'vitest';
import {
  apiServerArguments,
  etcdArguments,
  proxyArguments,
  renderFeatureGates,
  schedulerArguments,
} from './component-arguments.ts';

const settings = {
  etcd: 'http://127.0.0.1:1',
  bind: '127.0.0.1',
  port: 2,
  serviceRange: '10.96.0.0/16',
  pki: '/pki',
  features: {},
};

describe('feature gates', () => {
  it('are rendered as Kubernetes reads them, or left out', () => {
    expect(renderFeatureGates({ A: true, B: false })).toBe('A=true,B=false');
    expect(schedulerArguments('/k', { featureGates: { A: true } })).toContain('--feature-gates=A=true');
    expect(schedulerArguments('/k', {}).some((flag) => flag.startsWith('--feature-gates'))).toBe(false);
  });
});

describe('apiServerArguments', () => {
  it('switches named APIs on, unless the name says how', () => {
    const features = { apis: ['certificates.k8s.io/v1beta1', 'batch/v1=false'] };
    expect(apiServerArguments({ ...settings, features })).toContain(
      '--runtime-config=certificates.k8s.io/v1beta1=true,batch/v1=false',
    );
  });

  it('expects a node only where it is told an address that pods reach', () => {
    const alone = apiServerArguments(settings);
    const withNode = apiServerArguments({ ...settings, advertise: '10.0.0.2' });
    expect(alone).toContain('--disable-admission-plugins=ServiceAccount');
    expect(alone.some((flag) => flag.startsWith('--advertise-address'))).toBe(false);
    expect(withNode).toContain('--advertise-address=10.0.0.2');
    expect(withNode).not.toContain('--disable-admission-plugins=ServiceAccount');
  });
});

it('etcd listens only where it is told to', () => {
  const flags = etcdArguments({ data: '/d', host: '127.0.0.1', clientPort: 5, peerPort: 6 });
  expect(flags).toContain('--listen-client-urls=http://127.0.0.1:5');
  expect(flags).toContain('--initial-cluster=default=http://127.0.0.1:6');
});

it('kube-proxy leaves the machine’s connection tracking limits alone', () => {
  const flags = proxyArguments({ kubeconfig: '/k', podRange: '10.1.0.0/16', nodeName: 'n', features: {} });
  expect(flags).toContain('--conntrack-max-per-core=0');
});
