import { findCommand } from '../e2e/cluster/debian-packages.ts';

/** A command line whose process the kernel ends together with this one (prctl(2), PR_SET_PDEATHSIG), however that ends. */
export function boundCommand(command: string, args: readonly string[]): readonly [string, ...string[]] {
  const setpriv = findCommand('setpriv');
  return setpriv === undefined ? [command, ...args] : [setpriv, '--pdeathsig', 'KILL', command, ...args];
}
