import { ensureKubernetes } from './binaries.ts';
import { loadImages } from './cluster-images.ts';
import { restartComponent } from './cluster-restart.ts';
import type { ComponentName } from './cluster-components.ts';
import { up } from './cluster-up.ts';
import { run } from './command.ts';
import type { Features } from './component-arguments.ts';
import { findCommand } from './debian-packages.ts';
import type { BuiltImage } from './image-build.ts';
import { progressToStderr, type Progress } from './progress.ts';
import { reasonAgainst, thisMachine } from './requirements.ts';

/** The cluster that is meant when none is named. */
export const defaultClusterName = 'meltemi';

/** Which cluster is wanted. */
export interface ClusterChoice extends Features {
  /** A local cluster of this name. */
  readonly name?: string;
  /** Instead of a local one: the cluster of this context of the user's kubeconfig. */
  readonly context?: string;
  readonly progress?: Progress;
}

/** What kubectl may be given beside its arguments. */
export interface KubectlOptions {
  /** Its standard input, for `--filename -`. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** A Kubernetes cluster that is there and can be used. */
export interface Cluster {
  /** What to call it in messages. */
  readonly title: string;
  /** Paths of kubeconfig files, separated as in `KUBECONFIG`. */
  readonly kubeconfig: string;
  /** Set where it is not the kubeconfig's current one. */
  readonly context?: string;
  /** Whether it is this project's local cluster, on this machine. */
  readonly local: boolean;
  /** The address at which its pods reach programs that run on this machine; known of a local cluster. */
  readonly hostAddress?: string;
  /** The path of a kubectl. */
  readonly kubectlPath: string;
  /** `--kubeconfig` and `--context`, for programs that take them as kubectl does (helm has `--kube-context`). */
  readonly kubectlFlags: readonly string[];
  /** Runs kubectl against this cluster and gives what it printed. @throws CommandError with what it said. */
  readonly kubectl: (args: readonly string[], options?: KubectlOptions) => Promise<string>;
  /**
   * Makes images available to its pods; gives the references of those that were not there yet.
   * @throws Error for a cluster that is not local: how images get there is its owner's business.
   */
  readonly loadImages: (images: readonly BuiltImage[]) => Promise<readonly string[]>;
  /** Ends and starts again a component of a local cluster. @throws Error for one that is not local. */
  readonly restart: (component: ComponentName) => Promise<void>;
}

/**
 * The cluster that a program is to work with: the one of `context` if that is given, else the local one of `name`, which
 * is brought up or repaired first.
 * @throws Error of one line that says what is missing, where none can run.
 */
export async function ensureCluster(choice: ClusterChoice = {}): Promise<Cluster> {
  const { context, progress = progressToStderr } = choice;
  return context === undefined ? localCluster(choice, progress) : existingCluster(context, progress);
}

async function localCluster(choice: ClusterChoice, progress: Progress): Promise<Cluster> {
  const name = choice.name ?? defaultClusterName;
  const reason = reasonAgainst(thisMachine());
  if (reason) throw new Error(reason);
  const { featureGates, apis } = choice;
  const features = { ...(featureGates && { featureGates }), ...(apis && { apis }) };
  const { layout, plan } = await up({ name, progress, ...features });
  const { kubectl } = await ensureKubernetes(progress);
  return {
    ...access(kubectl, layout.kubeconfig),
    title: `local cluster ${name}`,
    local: true,
    hostAddress: plan.hostAddress,
    loadImages: (images) => loadImages(name, images, progress),
    restart: (component) => restartComponent(name, component, progress),
  };
}

async function existingCluster(context: string, progress: Progress): Promise<Cluster> {
  const kubectl = findCommand('kubectl') ?? (await ensureKubernetes(progress)).kubectl;
  const kubeconfig = process.env['KUBECONFIG'] ?? `${process.env['HOME'] ?? ''}/.kube/config`;
  const title = `cluster of context ${context}`;
  const cluster = access(kubectl, kubeconfig, context);
  await cluster.kubectl(['version', '--output', 'json'], { timeoutMs: 30_000 });
  const foreign = (what: string) => Promise.reject(new Error(`${title}: ${what} is up to whoever runs that cluster`));
  return {
    ...cluster,
    title,
    local: false,
    loadImages: (images) => foreign(`making ${images.map(({ reference }) => reference).join(', ')} available there`),
    restart: (component) => foreign(`restarting ${component}`),
  };
}

type Access = Pick<Cluster, 'kubeconfig' | 'context' | 'kubectlPath' | 'kubectlFlags' | 'kubectl'>;

function access(kubectlPath: string, kubeconfig: string, context?: string): Access {
  // The local cluster is reached without the proxy that the user may have.
  const direct: Readonly<Record<string, string>> = context === undefined ? { NO_PROXY: '*', no_proxy: '*' } : {};
  const kubectlFlags = context === undefined ? ['--kubeconfig', kubeconfig] : ['--context', context];
  return {
    kubeconfig,
    ...(context !== undefined && { context }),
    kubectlPath,
    kubectlFlags,
    kubectl: (args, options = {}) =>
      run(kubectlPath, [...kubectlFlags, ...args], { ...options, env: { KUBECONFIG: kubeconfig, ...direct } }),
  };
}
