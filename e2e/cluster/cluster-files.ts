import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificates, type CertificateRequest } from './certificates.ts';
import { componentKubeconfig, serverOf } from './cluster-components.ts';
import type { ClusterState } from './cluster-state.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import type { ClusterLayout } from './layout.ts';
import {
  cniFolder,
  nodeName,
  renderCniConfig,
  renderContainerdConfig,
  renderCorefile,
  renderKubeletConfig,
  renderResolvConf,
} from './node-config.ts';

/** Writes all that a cluster's components read: certificates, kubeconfigs, configuration. */
export async function writeClusterFiles(layout: ClusterLayout, state: ClusterState): Promise<void> {
  const { plan, features } = state;
  await mkdir(cniFolder(layout.config), { recursive: true });
  await makeCertificates(layout.pki, certificatesOf(state));
  const at = { name: layout.name, server: serverOf(plan.nodeAddress) };
  await writeKubeconfig(layout.kubeconfig, layout.pki, 'admin', at);
  for (const client of ['controller-manager', 'scheduler', 'proxy', 'kubelet', 'coredns']) {
    await writeKubeconfig(componentKubeconfig(layout, client), layout.pki, client, at);
  }
  const files: Readonly<Record<string, string>> = {
    'containerd.toml': renderContainerdConfig(layout),
    'cni/10-pods.conflist': renderCniConfig(plan),
    'kubelet.json': renderKubeletConfig(layout, plan, features),
    'resolv.conf': renderResolvConf(plan),
    Corefile: renderCorefile(componentKubeconfig(layout, 'coredns'), plan),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(layout.config, name), text);
}

/** Names and groups are those by which Kubernetes' own roles know its components. */
export function certificatesOf({ plan }: ClusterState): readonly CertificateRequest[] {
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  const addresses = ['127.0.0.1', plan.nodeAddress];
  return [
    {
      name: 'apiserver',
      commonName: 'kube-apiserver',
      dnsNames: ['localhost', ...service],
      ips: [...addresses, plan.apiService],
    },
    { name: 'admin', commonName: 'admin', organization: 'system:masters' },
    { name: 'controller-manager', commonName: 'system:kube-controller-manager' },
    { name: 'scheduler', commonName: 'system:kube-scheduler' },
    { name: 'proxy', commonName: 'system:kube-proxy' },
    { name: 'coredns', commonName: 'system:coredns' },
    {
      name: 'kubelet',
      commonName: `system:node:${nodeName}`,
      organization: 'system:nodes',
      dnsNames: [nodeName],
      ips: addresses,
    },
  ];
}
