import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where everything of one cluster is. */
export interface ClusterLayout {
  readonly name: string;
  readonly folder: string;
  readonly stateFile: string;
  /** Certificates and keys. */
  readonly pki: string;
  /** For a cluster administrator, from this machine. */
  readonly kubeconfig: string;
  readonly logs: string;
  readonly etcdData: string;
  /** Configuration of the node's programs. */
  readonly config: string;
  readonly containerd: { readonly root: string; readonly state: string; readonly socket: string };
  /** Becomes /var/lib/kubelet, /var/lib/cni and /var/log of the node. */
  readonly nodeVar: { readonly kubelet: string; readonly cni: string; readonly log: string };
}

/** The folder under which clusters are kept, one folder each. */
export function clustersFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_STATE_HOME'];
  return join(base?.startsWith('/') ? base : join(homedir(), '.local/state'), 'meltemi/clusters');
}

const validName = /^[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?$/;

/** @throws Error for a name that is no DNS label of at most 30 characters. */
export function layoutOf(name: string, root = clustersFolder()): ClusterLayout {
  if (!validName.test(name)) {
    throw new Error(`cluster name "${name}": small letters, digits and inner hyphens only, 30 at most`);
  }
  const folder = join(root, name);
  const containerd = join(folder, 'containerd');
  return {
    name,
    folder,
    stateFile: join(folder, 'state.json'),
    pki: join(folder, 'pki'),
    kubeconfig: join(folder, 'kubeconfig'),
    logs: join(folder, 'logs'),
    etcdData: join(folder, 'etcd'),
    config: join(folder, 'config'),
    containerd: {
      root: join(containerd, 'root'),
      state: join(containerd, 'state'),
      socket: join(containerd, 'containerd.sock'),
    },
    nodeVar: { kubelet: join(folder, 'var/kubelet'), cni: join(folder, 'var/cni'), log: join(folder, 'var/log') },
  };
}
