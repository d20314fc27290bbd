import { existsSync } from 'node:fs';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, tryRun } from './command.ts';
import { searchFolders } from './environment.ts';
import { underLock } from './lock.ts';
import { reported, type Progress } from './progress.ts';

/** A Debian package and a file of it that is there when it is installed: a command's name, or a path. */
export interface DebianPackage {
  readonly name: string;
  readonly provides: string;
}

/** What a control plane without a node takes. */
export const controlPlanePackages: readonly DebianPackage[] = [
  { name: 'etcd-server', provides: 'etcd' },
  { name: 'openssl', provides: 'openssl' },
];

/** What a network of its own takes. */
export const networkPackages: readonly DebianPackage[] = [
  { name: 'iproute2', provides: 'ip' },
  { name: 'util-linux', provides: 'unshare' },
];

/** What a node and its images take. */
export const clusterPackages: readonly DebianPackage[] = [
  ...controlPlanePackages,
  ...networkPackages,
  { name: 'containerd', provides: 'containerd' },
  { name: 'runc', provides: 'runc' },
  { name: 'containernetworking-plugins', provides: '/usr/lib/cni/bridge' },
  { name: 'iptables', provides: 'iptables' },
  { name: 'conntrack', provides: 'conntrack' },
  { name: 'util-linux', provides: 'nsenter' },
  { name: 'mount', provides: 'mount' },
];

/** What building images takes. */
export const imagePackages: readonly DebianPackage[] = [
  { name: 'buildah', provides: 'buildah' },
  { name: 'mmdebstrap', provides: 'mmdebstrap' },
];

/** Where a command is, by PATH and by the folders of system commands that a user's PATH may lack. */
export function findCommand(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  if (name.startsWith('/')) return existsSync(name) ? name : undefined;
  return searchFolders(path)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

/** The packages whose file is not there. */
export function missingPackages(packages: readonly DebianPackage[]): readonly DebianPackage[] {
  return packages.filter(({ provides }) => findCommand(provides) === undefined);
}

/**
 * Installs those of the packages that are missing, without any of the services that come in them being started.
 * @throws Error that names what is missing, where nothing can be installed.
 */
export async function ensurePackages(packages: readonly DebianPackage[], progress: Progress): Promise<void> {
  if (missingPackages(packages).length === 0) return;
  const why = reasonAgainstInstalling();
  const names = () => missingPackages(packages).map(({ name }) => name);
  if (why) throw new Error(`missing on this machine: ${names().join(', ')} (Debian's names), and ${why}`);
  await underLock('debian-packages', progress, 'Debian packages', async () => {
    if (names().length > 0) await withoutStartingServices(() => install(names(), progress));
  });
}

function reasonAgainstInstalling(): string | undefined {
  if (process.getuid?.() !== 0) return 'installing needs root';
  return findCommand('apt-get') ? undefined : 'there is no apt-get to install it with';
}

async function install(names: readonly string[], progress: Progress): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const patient = ['-o', 'DPkg::Lock::Timeout=300', '-qq'];
  await reported(progress, "Debian packages: reading the archive's lists", () =>
    run('apt-get', [...patient, 'update'], { env }),
  );
  await reported(progress, `Debian packages: installing ${names.join(', ')}`, () =>
    run('apt-get', [...patient, 'install', '--no-install-recommends', '--yes', ...names], { env }),
  );
}

const policyFile = '/usr/sbin/policy-rc.d';
const policyMark = '# Made for the time of one installation; safe to delete.';

/** Debian asks this file before it starts a service that it has installed (invoke-rc.d(8)): 101 forbids it. */
async function withoutStartingServices(work: () => Promise<void>): Promise<void> {
  const saved = `${policyFile}.saved-by-meltemi`;
  const present = existsSync(policyFile) && !(await readFile(policyFile, 'utf8')).includes(policyMark);
  if (present && (await tryRun(policyFile, ['etcd', 'start'])).code === 101) return work();
  if (present) await rename(policyFile, saved);
  await writeFile(policyFile, `#!/bin/sh\n${policyMark}\nexit 101\n`);
  await chmod(policyFile, 0o755);
  try {
    await work();
  } finally {
    await rm(policyFile, { force: true });
    if (existsSync(saved)) await rename(saved, policyFile);
  }
}
