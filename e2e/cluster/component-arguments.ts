/** Kubernetes' switches for what is not on by default. */
export interface Features {
  /** Feature gates of all components, by name. */
  readonly featureGates?: Readonly<Record<string, boolean>>;
  /** API groups and versions for `--runtime-config` of the API server: "certificates.k8s.io/v1beta1". */
  readonly apis?: readonly string[];
}

/** What the API server is told. */
export interface ApiServerSettings {
  readonly etcd: string;
  readonly bind: string;
  readonly port: number;
  /** The address at which pods reach it; without one nobody but this machine does. */
  readonly advertise?: string;
  readonly serviceRange: string;
  /** The folder of its certificates. */
  readonly pki: string;
  readonly features: Features;
}

/** The value of `--feature-gates`. */
export function renderFeatureGates(gates: Readonly<Record<string, boolean>> = {}): string {
  return Object.entries(gates)
    .map(([name, on]) => `${name}=${on}`)
    .join(',');
}

/** `--feature-gates=…`, or nothing when there are none. */
export function featureGateFlags(features: Features): readonly string[] {
  const gates = renderFeatureGates(features.featureGates);
  return gates ? [`--feature-gates=${gates}`] : [];
}

/** Without fsync: what a test's or a demo's cluster knows need not survive the machine. */
export function etcdArguments(settings: {
  readonly data: string;
  readonly host: string;
  readonly clientPort: number;
  readonly peerPort: number;
}): readonly string[] {
  const client = `http://${settings.host}:${settings.clientPort}`;
  const peer = `http://${settings.host}:${settings.peerPort}`;
  return [
    '--name=default',
    `--data-dir=${settings.data}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
    '--quota-backend-bytes=4294967296',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ];
}

export function apiServerArguments(settings: ApiServerSettings): readonly string[] {
  const { pki, features, advertise } = settings;
  return [
    `--etcd-servers=${settings.etcd}`,
    `--bind-address=${settings.bind}`,
    `--secure-port=${settings.port}`,
    `--service-cluster-ip-range=${settings.serviceRange}`,
    `--client-ca-file=${pki}/ca.crt`,
    `--tls-cert-file=${pki}/apiserver.crt`,
    `--tls-private-key-file=${pki}/apiserver.key`,
    `--service-account-issuer=https://kubernetes.default.svc`,
    `--service-account-key-file=${pki}/sa.pub`,
    `--service-account-signing-key-file=${pki}/sa.key`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    ...(advertise ? nodeFlags(pki, advertise) : aloneFlags),
    ...((features.apis ?? []).length > 0 ? [`--runtime-config=${(features.apis ?? []).map(switchOn).join(',')}`] : []),
    ...featureGateFlags(features),
  ];
}

const switchOn = (api: string) => (api.includes('=') ? api : `${api}=true`);

const nodeFlags = (pki: string, advertise: string): readonly string[] => [
  `--advertise-address=${advertise}`,
  `--kubelet-client-certificate=${pki}/admin.crt`,
  `--kubelet-client-key=${pki}/admin.key`,
  '--kubelet-preferred-address-types=InternalIP',
  '--enable-admission-plugins=NodeRestriction',
];

/** Without a controller manager nobody makes the service accounts that the admission plug-in asks pods for. */
const aloneFlags: readonly string[] = ['--endpoint-reconciler-type=none', '--disable-admission-plugins=ServiceAccount'];

export function controllerManagerArguments(settings: {
  readonly pki: string;
  readonly kubeconfig: string;
  readonly podRange: string;
  readonly features: Features;
}): readonly string[] {
  const { pki } = settings;
  return [
    `--kubeconfig=${settings.kubeconfig}`,
    `--service-account-private-key-file=${pki}/sa.key`,
    `--root-ca-file=${pki}/ca.crt`,
    `--cluster-signing-cert-file=${pki}/ca.crt`,
    `--cluster-signing-key-file=${pki}/ca.key`,
    '--use-service-account-credentials',
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    '--allocate-node-cidrs',
    `--cluster-cidr=${settings.podRange}`,
    ...featureGateFlags(settings.features),
  ];
}

export function schedulerArguments(kubeconfig: string, features: Features): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    ...featureGateFlags(features),
  ];
}

/** Connection tracking limits stay as they are: they belong to the machine, not to the node. */
export function proxyArguments(settings: {
  readonly kubeconfig: string;
  readonly podRange: string;
  readonly nodeName: string;
  readonly features: Features;
}): readonly string[] {
  return [
    `--kubeconfig=${settings.kubeconfig}`,
    '--proxy-mode=iptables',
    `--cluster-cidr=${settings.podRange}`,
    `--hostname-override=${settings.nodeName}`,
    '--conntrack-max-per-core=0',
    '--conntrack-tcp-timeout-established=0',
    '--conntrack-tcp-timeout-close-wait=0',
    '--iptables-min-sync-period=100ms',
    ...featureGateFlags(settings.features),
  ];
}
