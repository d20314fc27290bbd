import { meshControlPlanes } from '../../crds/kinds.ts';
import { configMaps } from '../../lib/kube/resources.ts';
import { CommandError } from '../cluster/command.ts';
import type { Environment } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { controlPlaneName, ensureMesh, meshNamespace, operatorNamespace, waitForControlPlane } from '../mesh.ts';
import { deployQuotes, sendRequests } from '../quotes.ts';
import type { Check, Scenario } from '../scenario.ts';
import { removeNamespace } from './injection.ts';

const namespace = 'e2e-guards';
/** May write MeshControlPlanes, and nothing that they are made of. */
const editor = 'e2e-guards-editor';
/** May scale istiod besides. */
const scaler = 'e2e-guards-scaler';
const bindings = [editor, scaler].map((user) => `clusterrolebinding/${user}`);
const scalerRole = 'e2e-guards-scaler';

export const guards: Scenario = {
  name: 'guards',
  summary: 'users do through a MeshControlPlane what they may do themselves, and nobody deletes one that proxies use',
  async run(environment, check) {
    await ensureMesh(environment);
    try {
      await makeUsers(environment);
      await checkUsers(environment, check);
      await checkSemantics(environment, check);
      await checkPreflight(environment, check);
      await deployQuotes(environment, namespace);
      await checkDeletionRefused(environment, check);
      await checkUninstallRefused(environment, check);
      const heldSeconds = await checkDeletionHeld(environment, check);
      return { heldSeconds };
    } finally {
      await cleanUp(environment);
    }
  },
};

async function makeUsers({ cluster }: Environment): Promise<void> {
  for (const user of [editor, scaler]) {
    const binding = ['create', 'clusterrolebinding', user, '--clusterrole=meltemi-admin', `--user=${user}`];
    await applied(cluster, binding);
  }
  const place = ['-n', meshNamespace];
  await applied(cluster, [...place, 'create', 'role', scalerRole, '--verb=update', '--resource=deployments.apps']);
  await applied(cluster, [...place, 'create', 'rolebinding', scaler, `--role=${scalerRole}`, `--user=${scaler}`]);
}

/** `kubectl create`, whether the object is there already or not. */
async function applied(cluster: Environment['cluster'], create: readonly string[]): Promise<void> {
  const input = await cluster.kubectl([...create, '--dry-run=client', '-o', 'yaml']);
  await cluster.kubectl(['apply', '-f', '-'], { input });
}

/** What `kubectl` says when it is refused; empty when it is not. Nothing is stored. */
async function tryPatch({ cluster }: Environment, user: string | undefined, spec: object): Promise<string> {
  const as = user === undefined ? [] : [`--as=${user}`];
  const patch = ['patch', 'meshcontrolplane', controlPlaneName, '--type=merge', '-p', JSON.stringify({ spec })];
  return refusalOf(() => cluster.kubectl([...patch, '--dry-run=server', ...as]));
}

async function refusalOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
    return '';
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return error.result.stderr + error.result.stdout;
  }
}

async function checkUsers(environment: Environment, check: Check): Promise<void> {
  const { cluster } = environment;
  const image = { pilot: { image: 'evil.example/istiod:1' } };
  const refused = await tryPatch(environment, editor, image);
  check(
    'who may not change Deployments cannot have istiod run another image',
    refused.includes(editor) && refused.includes('update deployments.apps "istiod" in namespace "istio-system"'),
    refused,
  );
  const object = { apiVersion: 'meltemi.dev/v1alpha1', kind: 'MeshControlPlane', metadata: { name: 'second' } };
  const create = ['create', '--dry-run=server', '-f', '-', `--as=${editor}`];
  const made = await refusalOf(() => cluster.kubectl(create, { input: JSON.stringify(object) }));
  check('who may not make roles cannot have a control plane made', made.includes('create clusterroles'), made);
  const scaled = await tryPatch(environment, scaler, { pilot: { replicas: 3 } });
  check('who may scale istiod can do so through the MeshControlPlane', scaled === '', scaled);
  const sidecars = await tryPatch(environment, scaler, { proxy: { image: 'evil.example/proxy:1' } });
  check(
    'who has no power over pods cannot change their sidecars',
    sidecars.includes('update mutatingwebhookconfigurations'),
    sidecars,
  );
  const label = ['label', 'meshcontrolplane', controlPlaneName, 'e2e=guards', '--dry-run=server', `--as=${editor}`];
  const labelled = await refusalOf(() => cluster.kubectl(label));
  check('labels are for everybody who may write the object', labelled === '', labelled);
  const admin = await tryPatch(environment, undefined, image);
  check('an administrator is in nobody’s way', admin === '', admin);
}

async function checkSemantics(environment: Environment, check: Check): Promise<void> {
  for (const [field, spec] of [
    ['spec.pilot.logLevel', { pilot: { logLevel: 'nonsense' } }],
    ['spec.version', { version: '99.0.0' }],
  ] as const) {
    const words = await tryPatch(environment, undefined, spec);
    check(`a bad ${field} is refused by that name`, words.includes(field), words);
  }
}

async function checkPreflight({ cluster }: Environment, check: Check): Promise<void> {
  const wait = ['wait', `meshcontrolplane/${controlPlaneName}`, '--for=condition=Upgradeable', '--timeout=60s'];
  const refused = await refusalOf(() => cluster.kubectl(wait));
  const path = '{.status.conditions[?(@.type=="Upgradeable")].message}';
  const message = await cluster.kubectl(['get', 'meshcontrolplane', controlPlaneName, '-o', `jsonpath=${path}`]);
  check('nothing is in the way of an upgrade', refused === '' && message.startsWith('nothing is in the way'), message);
}

async function checkDeletionRefused({ cluster }: Environment, check: Check): Promise<void> {
  const words = await refusalOf(() => cluster.kubectl(['delete', 'meshcontrolplane', controlPlaneName]));
  check(
    'deleting the control plane is refused, with the number and the names of those who use it',
    /is used by \d+ proxies: .*Deployment e2e-guards\/quotes-v1/.test(words),
    words,
  );
}

async function checkUninstallRefused({ cluster, helm }: Environment, check: Check): Promise<void> {
  const words = await refusalOf(() => helm(['uninstall', 'meltemi', '--namespace', operatorNamespace]));
  const logs = await cluster.kubectl(['-n', operatorNamespace, 'logs', 'job/meltemi-operator-uninstall-guard']);
  check('uninstalling the chart before is refused', words !== '', words);
  check('and why, by name', logs.includes(`MeshControlPlanes are left: ${controlPlaneName}`), logs);
  const rollout = ['-n', operatorNamespace, 'rollout', 'status', 'deployment/meltemi-operator', '--timeout=60s'];
  const gone = await refusalOf(() => cluster.kubectl(rollout));
  check('the operator runs on', gone === '', gone);
  // Helm marks a release before it asks the hook.
  const where = ['meltemi', '--namespace', operatorNamespace];
  const { version } = JSON.parse(await helm(['status', ...where, '--output', 'json'])) as { readonly version: number };
  await helm(['rollback', 'meltemi', String(version), ...where.slice(1), '--wait', '--timeout', '2m']);
  const status = await helm(['status', ...where]);
  check('and helm rollback makes the release one that can be upgraded again', /STATUS: deployed/.test(status), status);
}

/** A deletion that admission has not seen, since no operator was there. */
async function checkDeletionHeld(environment: Environment, check: Check): Promise<number> {
  const { cluster, client } = environment;
  const scale = (replicas: number): Promise<string> =>
    cluster.kubectl([
      '-n',
      operatorNamespace,
      'scale',
      'deployment/meltemi-operator',
      `--replicas=${String(replicas)}`,
    ]);
  await scale(0);
  await cluster.kubectl([
    '-n',
    operatorNamespace,
    'wait',
    '--for=delete',
    'pod',
    '-l',
    'app.kubernetes.io/name=meltemi-operator',
    '--timeout=90s',
  ]);
  const refused = await refusalOf(() =>
    cluster.kubectl(['delete', 'meshcontrolplane', controlPlaneName, '--wait=false']),
  );
  check('a deletion passes admission while no operator runs', refused === '', refused);
  await scale(2);
  const message = await eventually('the deletion to be held', async () => {
    const found = await client.get(meshControlPlanes, { name: controlPlaneName });
    const progressing = found?.status?.conditions?.find(({ type }) => type === 'Progressing');
    return progressing?.reason === 'Deleting' ? progressing.message : undefined;
  });
  check('but is held by the finalizer, which names those who use it', /waiting for \d+ prox/.test(message), message);
  const report = await sendRequests(environment, namespace, { requests: 50 });
  check('the mesh serves on meanwhile', report.failedRequests === 0, report);
  const root = await client.get(configMaps, { namespace, name: 'istio-ca-root-cert' });
  check('with its root certificate in every namespace', root !== undefined);
  const started = performance.now();
  await removeNamespace(environment, namespace);
  await eventually('the deletion to go on', async () => {
    const found = await client.get(meshControlPlanes, { name: controlPlaneName });
    return found === undefined ? true : undefined;
  });
  const seconds = Math.round(performance.now() - started) / 1000;
  check('and goes on as soon as none does', true);
  return seconds;
}

async function cleanUp(environment: Environment): Promise<void> {
  const { cluster } = environment;
  const gone = ['--ignore-not-found'];
  await cluster.kubectl(['delete', ...bindings, ...gone]);
  await cluster.kubectl(['-n', meshNamespace, 'delete', `rolebinding/${scaler}`, `role/${scalerRole}`, ...gone]);
  await removeNamespace(environment, namespace);
  await cluster.kubectl(['-n', operatorNamespace, 'scale', 'deployment/meltemi-operator', '--replicas=2']);
  await ensureMesh(environment);
  await waitForControlPlane(environment);
}
