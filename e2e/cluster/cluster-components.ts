import type { KubernetesBinaries } from './binaries.ts';
import {
  apiServerArguments,
  controllerManagerArguments,
  etcdArguments,
  proxyArguments,
  schedulerArguments,
} from './component-arguments.ts';
import type { Component } from './component.ts';
import type { ClusterState } from './cluster-state.ts';
import { findCommand } from './debian-packages.ts';
import type { ClusterLayout } from './layout.ts';
import { nodeName } from './node-config.ts';

/** The components in the order in which they are started, by name. */
export const componentNames = [
  'etcd',
  'containerd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'coredns',
] as const;

export type ComponentName = (typeof componentNames)[number];

/** A component as seen from within the node. */
export type NodeProgram = Omit<Component, 'log'>;

const etcdPorts = { clientPort: 2379, peerPort: 2380 };
const loopback = '127.0.0.1';
const apiPort = 6443;

/** Where the API server of a cluster is, for this machine, for the node and for pods alike. */
export function serverOf(nodeAddress: string): string {
  return `https://${nodeAddress}:${apiPort}`;
}

/** The kubeconfig of one of the components, by the name of its certificate. */
export function componentKubeconfig(layout: ClusterLayout, client: string): string {
  return `${layout.config}/${client}.kubeconfig`;
}

const etcd = (layout: ClusterLayout): NodeProgram => ({
  name: 'etcd',
  command: findCommand('etcd') ?? 'etcd',
  args: etcdArguments({ data: layout.etcdData, host: loopback, ...etcdPorts }),
});

const containerd = (layout: ClusterLayout): NodeProgram => ({
  name: 'containerd',
  command: findCommand('containerd') ?? 'containerd',
  args: ['--config', `${layout.config}/containerd.toml`],
});

const apiServer = (layout: ClusterLayout, { plan, features }: ClusterState, command: string): NodeProgram => ({
  name: 'kube-apiserver',
  command,
  args: apiServerArguments({
    etcd: `http://${loopback}:${etcdPorts.clientPort}`,
    bind: '0.0.0.0',
    port: apiPort,
    advertise: plan.nodeAddress,
    serviceRange: plan.serviceRange,
    pki: layout.pki,
    features,
  }),
});

const kubelet = (layout: ClusterLayout, { plan }: ClusterState, command: string): NodeProgram => ({
  name: 'kubelet',
  command,
  args: [
    `--config=${layout.config}/kubelet.json`,
    `--kubeconfig=${componentKubeconfig(layout, 'kubelet')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${plan.nodeAddress}`,
  ],
});

/** All components of a cluster. */
export function programsOf(
  layout: ClusterLayout,
  state: ClusterState,
  binaries: KubernetesBinaries,
): Readonly<Record<ComponentName, NodeProgram>> {
  const { plan, features } = state;
  const kubeconfig = (client: string) => componentKubeconfig(layout, client);
  const { podRange } = plan;
  return {
    etcd: etcd(layout),
    containerd: containerd(layout),
    'kube-apiserver': apiServer(layout, state, binaries.apiServer),
    'kube-controller-manager': {
      name: 'kube-controller-manager',
      command: binaries.controllerManager,
      args: controllerManagerArguments({
        pki: layout.pki,
        kubeconfig: kubeconfig('controller-manager'),
        podRange,
        features,
      }),
    },
    'kube-scheduler': {
      name: 'kube-scheduler',
      command: binaries.scheduler,
      args: schedulerArguments(kubeconfig('scheduler'), features),
    },
    kubelet: kubelet(layout, state, binaries.kubelet),
    'kube-proxy': {
      name: 'kube-proxy',
      command: binaries.proxy,
      args: proxyArguments({ kubeconfig: kubeconfig('proxy'), podRange, nodeName, features }),
    },
    coredns: { name: 'coredns', command: binaries.coreDns, args: ['-conf', `${layout.config}/Corefile`] },
  };
}
