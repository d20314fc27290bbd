import { createHash } from 'node:crypto';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from './cache.ts';
import { run, tryRun } from './command.ts';
import { findCommand } from './debian-packages.ts';
import { reported, type Progress } from './progress.ts';

export const kubernetesVersion = '1.36.3';
export const helmVersion = '3.22.0';

/** Where Kubernetes' programs and CoreDNS are: one binary behind a name for each. */
export interface KubernetesBinaries {
  readonly apiServer: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly kubelet: string;
  readonly proxy: string;
  readonly kubectl: string;
  readonly coreDns: string;
}

const programs = {
  apiServer: 'kube-apiserver',
  controllerManager: 'kube-controller-manager',
  scheduler: 'kube-scheduler',
  kubelet: 'kubelet',
  proxy: 'kube-proxy',
  kubectl: 'kubectl',
  coreDns: 'coredns',
} as const satisfies Record<keyof KubernetesBinaries, string>;

/**
 * Kubernetes, kubectl and CoreDNS, built from the Go module in `kubernetes/` once per user; that takes about eight
 * minutes on two cores.
 */
export async function ensureKubernetes(progress: Progress): Promise<KubernetesBinaries> {
  const title = `Kubernetes ${kubernetesVersion}`;
  const source = fileURLToPath(new URL('kubernetes/', import.meta.url));
  const folder = await cached(
    {
      key: `kubernetes/${kubernetesVersion}-${await sourceHash(source)}`,
      title,
      make: (to) =>
        reported(progress, `${title}: building, about 8 minutes on two cores`, async () => {
          await goBuild(source, join(to, 'kube'), kubernetesFlags);
          for (const name of Object.values(programs)) await symlink('kube', join(to, name));
        }),
    },
    progress,
  );
  const at = (program: keyof KubernetesBinaries) => join(folder, programs[program]);
  return {
    apiServer: at('apiServer'),
    controllerManager: at('controllerManager'),
    scheduler: at('scheduler'),
    kubelet: at('kubelet'),
    proxy: at('proxy'),
    kubectl: at('kubectl'),
    coreDns: at('coreDns'),
  };
}

/** A kubectl of the cluster's own version, whatever the machine has. */
export async function ensureKubectl(progress: Progress): Promise<string> {
  return (await ensureKubernetes(progress)).kubectl;
}

/** CoreDNS, which is part of the same binary. */
export async function ensureCoreDns(progress: Progress): Promise<string> {
  return (await ensureKubernetes(progress)).coreDns;
}

/** Helm, built from its Go module once per user; charts without a cluster are rendered as for ours. */
export async function ensureHelm(progress: Progress): Promise<string> {
  const title = `Helm ${helmVersion}`;
  const make = (to: string) =>
    reported(progress, `${title}: building, about 2 minutes on two cores`, async () => {
      const flags = ['-ldflags', ['-s', '-w', ...helmVariables.flatMap((variable) => ['-X', variable])].join(' ')];
      await ensureGo();
      await run(goCommand(), ['install', ...flags, `helm.sh/helm/v3/cmd/helm@v${helmVersion}`], { env: { GOBIN: to } });
    });
  return join(await cached({ key: `helm/${helmVersion}-kubernetes-${minor}`, title, make }, progress), 'helm');
}

/** A static program that does nothing but hold a pod's namespaces (and a node's) and reap their orphans. */
export async function ensurePause(progress: Progress): Promise<string> {
  const source = fileURLToPath(new URL('pause/', import.meta.url));
  const folder = await cached(
    {
      key: `pause/${await sourceHash(source, ['go.mod', 'main.go'])}`,
      title: 'pause',
      make: (to) =>
        reported(progress, 'pause: building', () =>
          goBuild(source, join(to, 'pause'), ['-s', '-w'], { CGO_ENABLED: '0' }),
        ),
    },
    progress,
  );
  return join(folder, 'pause');
}

const versionPackage = 'k8s.io/component-base/version';
const [major, minor] = kubernetesVersion.split('.');
const kubernetesFlags = [
  ...['-s', '-w', '-X', `${versionPackage}.gitVersion=v${kubernetesVersion}`],
  ...['-X', `${versionPackage}.gitMajor=${major}`, '-X', `${versionPackage}.gitMinor=${minor}`],
];

/** As Helm's own build sets them; without, a chart's `kubeVersion` is held to Kubernetes 1.20. */
const helmVariables = [
  `helm.sh/helm/v3/internal/version.version=v${helmVersion}`,
  ...['chartutil', 'lint/rules'].flatMap((part) => [
    `helm.sh/helm/v3/pkg/${part}.k8sVersionMajor=${major}`,
    `helm.sh/helm/v3/pkg/${part}.k8sVersionMinor=${minor}`,
  ]),
];

/** Builds the Go program in a folder. */
export async function goBuild(
  source: string,
  output: string,
  linkerFlags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await ensureGo();
  const flags = ['-buildvcs=false', '-ldflags', linkerFlags.join(' ')];
  await run(goCommand(), ['build', ...flags, '-o', output, '.'], { cwd: source, env });
}

const goCommand = () => findCommand('go', `${process.env['PATH'] ?? ''}:/usr/local/go/bin`) ?? 'go';

async function ensureGo(): Promise<void> {
  if ((await tryRun(goCommand(), ['version'])).code === 0) return;
  throw new Error('missing on this machine: Go 1.26 or later (https://go.dev/dl), which builds Kubernetes');
}

/** A short name for the content of these files of a folder. */
export async function sourceHash(folder: string, files = ['go.mod', 'go.sum', 'main.go']): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(join(folder, file)));
  return hash.digest('hex').slice(0, 12);
}
