import { clusterPackages, findCommand, imagePackages, missingPackages } from './debian-packages.ts';

/** What there is on a machine, as far as the local cluster asks. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly architecture: string;
  readonly root: boolean;
  /** Whether missing packages can be installed. */
  readonly apt: boolean;
  /** Names of Debian packages that are not there. */
  readonly missing: readonly string[];
}

/** This machine. */
export function thisMachine(): Machine {
  return {
    platform: process.platform,
    architecture: process.arch,
    root: process.getuid?.() === 0,
    apt: findCommand('apt-get') !== undefined,
    missing: missingPackages([...clusterPackages, ...imagePackages]).map(({ name }) => name),
  };
}

/** Why a local cluster can't run on a machine and what to do instead, in one line; nothing when it can. */
export function reasonAgainst(machine: Machine): string | undefined {
  const reasons = [
    ...(machine.platform === 'linux' ? [] : [`it needs Linux, not ${machine.platform}`]),
    ...(machine.architecture === 'x64' ? [] : [`it needs an x86-64 machine, not ${machine.architecture}`]),
    ...(machine.platform === 'linux' && !machine.root ? ['it needs root'] : []),
    ...(machine.platform === 'linux' && machine.missing.length > 0 && !machine.apt
      ? [`there is no apt-get to install ${machine.missing.join(', ')} with`]
      : []),
  ];
  if (reasons.length === 0) return undefined;
  return `no local cluster on this machine: ${reasons.join(', and ')}; use a cluster that you have with --context NAME (of your kubeconfig)`;
}
