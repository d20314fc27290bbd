import { Command } from 'commander';
import { loadKubeClient } from '../../lib/kube/client.ts';
import { uninstallObstacle } from './guard.ts';

interface Flags {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** `meltemi uninstall-guard`. */
export function uninstallGuardCommand(): Command {
  return new Command('uninstall-guard')
    .summary('fail while there are MeshControlPlanes')
    .description(
      'Ends with an error while there are MeshControlPlanes, whose objects nobody would take away once the operator is ' +
        'gone. The chart runs it before `helm uninstall`.',
    )
    .option('--kubeconfig <file>', "kubeconfig file (default: $KUBECONFIG, ~/.kube/config, the pod's service account)")
    .option('--context <name>', "context of the kubeconfig (default: the file's current one)")
    .action(async (flags: Flags) => {
      const client = loadKubeClient(flags);
      try {
        const obstacle = await uninstallObstacle(client);
        if (obstacle !== undefined) throw new Error(obstacle);
      } finally {
        await client.close();
      }
    });
}
