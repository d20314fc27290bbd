import { secrets } from '../../lib/kube/resources.ts';
import type { Environment } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { findLeftovers } from '../leftovers.ts';
import { controlPlaneName, ensureMesh, meshNamespace, operatorNamespace, uninstallMesh } from '../mesh.ts';
import type { Check, Scenario } from '../scenario.ts';

const authority = `Secret ${meshNamespace}/istio-ca-secret`;

/** What `docs/guide/uninstall.md` says that stays. */
const documented: readonly RegExp[] = [
  /^CustomResourceDefinition /,
  new RegExp(`^Namespace (${meshNamespace}|${operatorNamespace})$`),
  new RegExp(`^Lease ${operatorNamespace}/meltemi-operator$`),
  // Kubernetes drops them after an hour.
  /^Event /,
];

export const uninstall: Scenario = {
  name: 'uninstall',
  summary:
    'after deleting the control plane and the chart no object of any kind has a trace of the mesh but what the guide names',
  async run(environment, check) {
    await ensureMesh(environment);
    const started = performance.now();
    await uninstallMesh(environment);
    const seconds = Math.round(performance.now() - started) / 1000;
    await checkLeftovers(environment, check, [authority]);
    await checkRetained(environment, check);
    await ensureMesh(environment);
    await deleteWithAuthority(environment);
    const secret = await environment.client.get(secrets, { namespace: meshNamespace, name: 'istio-ca-secret' });
    check(`with ca.deletionPolicy Delete, ${authority} goes too`, secret === undefined);
    await checkLeftovers(environment, check, []);
    return { seconds };
  },
};

/** Garbage is collected some moments after its owner has gone. */
async function checkLeftovers(environment: Environment, check: Check, retained: readonly string[]): Promise<void> {
  const left = (): Promise<readonly string[]> =>
    findLeftovers(environment).then((found) =>
      found
        .filter(({ object }) => !retained.includes(object) && !documented.some((pattern) => pattern.test(object)))
        .map(({ object, trace }) => `${object} (${trace})`),
    );
  const gone = await eventually('nothing to be left', async () => ((await left()).length === 0 ? true : undefined), {
    withinMs: 60_000,
    everyMs: 2_000,
  }).catch(() => false);
  check('no object of any kind has a trace of the mesh but what the guide names', gone, gone ? [] : await left());
}

async function checkRetained({ cluster, client }: Environment, check: Check): Promise<void> {
  const secret = await client.get(secrets, { namespace: meshNamespace, name: 'istio-ca-secret' });
  check(`${authority} stays`, secret !== undefined);
  const webhooks = await cluster.kubectl([
    'get',
    'mutatingwebhookconfigurations,validatingwebhookconfigurations',
    '-o',
    'name',
  ]);
  check('no webhook of the mesh is left', !/istio|meltemi/.test(webhooks), webhooks);
  const kinds = await cluster.kubectl(['get', 'customresourcedefinitions', '-o', 'name']);
  check('the kinds stay', /meshcontrolplanes\.meltemi\.dev/.test(kinds), kinds);
}

async function deleteWithAuthority(environment: Environment): Promise<void> {
  const { cluster } = environment;
  const patch = JSON.stringify({ spec: { ca: { deletionPolicy: 'Delete' } } });
  await cluster.kubectl(['patch', 'meshcontrolplane', controlPlaneName, '--type', 'merge', '-p', patch]);
  await uninstallMesh(environment);
}
