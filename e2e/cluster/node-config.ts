import type { AddressPlan } from './address-plan.ts';
import { cgroupOf } from './cgroups.ts';
import type { Features } from './component-arguments.ts';
import type { ClusterLayout } from './layout.ts';

/** The node has always this name; clusters are told apart by theirs. */
export const nodeName = 'node1';

/** The image of pods' first container. The name says that it is no registry's. */
export const pauseImage = 'meltemi.local/pause:1';

/** The port of the node at which CoreDNS says that it is ready. */
export const dnsReadyPort = 10055;

const pluginsFolder = '/usr/lib/cni';

/** containerd's configuration (version 2, as of containerd 1.6), in TOML. */
export function renderContainerdConfig({ containerd, config }: ClusterLayout): string {
  const text = (value: string) => JSON.stringify(value);
  return `version = 2
root = ${text(containerd.root)}
state = ${text(containerd.state)}
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = ${text(containerd.socket)}
[plugins."io.containerd.internal.v1.opt"]
  path = ${text(`${containerd.root}-opt`)}
[plugins."io.containerd.grpc.v1.cri"]
  # Without it every sandbox fails where the machine doesn't let scores be lowered.
  restrict_oom_score_adj = true
  sandbox_image = ${text(pauseImage)}
  max_concurrent_downloads = 1
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${text(pluginsFolder)}
    conf_dir = ${text(cniFolder(config))}
`;
}

export const cniFolder = (config: string) => `${config}/cni`;

/**
 * CNI configuration. With the plug-in `ptp` each pod has a link of its own to the node, so that all its traffic is routed
 * and passes the Service rules, whether or not the kernel shows bridged traffic to iptables.
 */
export function renderCniConfig(plan: AddressPlan): string {
  const ipam = { type: 'host-local', ranges: [[{ subnet: plan.nodePodRange }]], routes: [{ dst: '0.0.0.0/0' }] };
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      { type: 'ptp', ipMasq: false, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

/** KubeletConfiguration (kubelet.config.k8s.io/v1beta1), as JSON. */
export function renderKubeletConfig(layout: ClusterLayout, plan: AddressPlan, features: Features): string {
  const { pki, config, containerd } = layout;
  return JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${containerd.socket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: cgroupOf(layout.name),
    failCgroupV1: false,
    failSwapOn: false,
    clusterDNS: [plan.dnsService],
    clusterDomain: 'cluster.local',
    resolvConf: `${config}/resolv.conf`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${pki}/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: `${pki}/kubelet.crt`,
    tlsPrivateKeyFile: `${pki}/kubelet.key`,
    maxPods: 200,
    serializeImagePulls: false,
    // The disk is the machine's, and images can't be pulled again.
    localStorageCapacityIsolation: false,
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '100Mi' },
    featureGates: features.featureGates ?? {},
  });
}

/** CoreDNS' configuration. Names outside the cluster don't exist: the cluster has no way out. */
export function renderCorefile(kubeconfig: string, plan: AddressPlan): string {
  return `cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {
  errors
  ready ${plan.nodeAddress}:${dnsReadyPort}
  kubernetes {
    kubeconfig ${kubeconfig}
    pods insecure
    ttl 5
  }
  cache 5
  loadbalance
}
.:53 {
  errors
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`;
}

/** What pods find that use the node's own resolver: the cluster's. */
export function renderResolvConf(plan: AddressPlan): string {
  return `nameserver ${plan.nodeAddress}\n`;
}

/** The Service and the rights of the cluster's DNS, as one list to be applied. */
export function dnsObjects(plan: AddressPlan): object {
  const metadata = { name: 'kube-dns', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ];
  const role = { name: 'system:coredns' };
  const readable = [
    { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
  ];
  const items = [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: plan.dnsService, ports } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        ...metadata,
        labels: {
          'kubernetes.io/service-name': 'kube-dns',
          'endpointslice.kubernetes.io/managed-by': 'meltemi-cluster',
        },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [plan.nodeAddress], conditions: { ready: true } }],
      ports,
    },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: role, rules: readable },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: role,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role.name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:coredns' }],
    },
  ];
  return { apiVersion: 'v1', kind: 'List', items };
}
