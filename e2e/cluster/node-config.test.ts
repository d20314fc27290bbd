import { describe, expect, it } from 'vitest';
import { planOf } from './address-plan.ts';
import { layoutOf } from './layout.ts';
import {
  dnsObjects,
  renderCniConfig,
  renderContainerdConfig,
  renderCorefile,
  renderKubeletConfig,
} from './node-config.ts';

const layout = layoutOf('one', '/clusters');
const plan = planOf(203);

describe('the node’s configuration', () => {
  it('keeps all of containerd in the cluster’s folder', () => {
    const paths = [...renderContainerdConfig(layout).matchAll(/^\s*(?:root|state|address|path|conf_dir) = "(.*)"$/gm)];
    expect(paths.map(([, path]) => path)).toHaveLength(5);
    for (const [, path] of paths) expect(path).toMatch(/^\/clusters\/one\//);
  });

  it('gives pods addresses of the range that the node is given', () => {
    expect(renderCniConfig(plan)).toContain('"subnet":"10.203.128.0/24"');
  });

  it('gives the kubelet a control group of its own, and the feature gates', () => {
    const config: unknown = JSON.parse(renderKubeletConfig(layout, plan, { featureGates: { A: true } }));
    expect(config).toMatchObject({
      cgroupRoot: '/meltemi-one',
      clusterDNS: ['10.203.64.10'],
      containerRuntimeEndpoint: 'unix:///clusters/one/containerd/containerd.sock',
      featureGates: { A: true },
    });
  });

  it('lets DNS answer for the cluster by its kubeconfig, and for nothing else', () => {
    const corefile = renderCorefile('/k', plan);
    expect(corefile).toMatch(/cluster\.local:53 [^]*kubeconfig \/k\n[^]*\.:53 \{[^]*rcode NXDOMAIN/);
  });

  it('points the DNS service at the node', () => {
    expect(dnsObjects(plan)).toMatchObject({
      items: [
        { kind: 'Service', spec: { clusterIP: '10.203.64.10' } },
        { kind: 'EndpointSlice', endpoints: [{ addresses: ['10.203.0.2'] }] },
        { kind: 'ClusterRole' },
        { kind: 'ClusterRoleBinding', subjects: [{ name: 'system:coredns' }] },
      ],
    });
  });
});
