import { alertRules, metricsIn } from '../../charts/alerts.testing.ts';
import { dashboards } from '../../charts/generate.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { configMaps, deployments, pods } from '../../lib/kube/resources.ts';
import { ports } from '../../lib/ports.ts';
import { sidecar } from '../../lib/sidecar.ts';
import { helmWithEverything } from '../chart-release.ts';
import { CommandError } from '../cluster/command.ts';
import type { Environment } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { applyControlPlane, meshNamespace, operatorNamespace, uninstallMesh } from '../mesh.ts';
import { monitoringDefinitions, monitoringKinds } from '../monitoring-kinds.ts';
import { podMetrics } from '../pod-metrics.ts';
import { deployQuotes } from '../quotes.ts';
import type { Check, Scenario } from '../scenario.ts';

const member = 'e2e-chart';
const outsider = 'e2e-chart-outside';
const operatorPods = 'app.kubernetes.io/name=meltemi-operator';
const restricted = 'pod-security.kubernetes.io/enforce';

export const chart: Scenario = {
  name: 'chart',
  summary: 'the chart with everything on: restricted pods, policies, monitors, roles, upgrade, rollback and uninstall',
  async run(environment, check) {
    await removeNamespaces(environment);
    await uninstallMesh(environment);
    const hadMonitoring = await hasMonitoring(environment);
    try {
      await prepare(environment);
      await checkObjects(environment, check);
      const installSeconds = await install(environment, check);
      await checkUserRoles(environment, check);
      await applyControlPlane(environment);
      await checkMeshNamespaces(environment, check);
      const metrics = await checkMetrics(environment, check);
      await changeValues(environment, check);
      await removeNamespaces(environment);
      await uninstallMesh(environment);
      const left = await leftOvers(environment);
      check('helm uninstall leaves nothing of the release but the kinds', left === '', left);
      return { installSeconds, metrics };
    } finally {
      await cleanUp(environment, hadMonitoring);
    }
  },
};

async function hasMonitoring({ cluster }: Environment): Promise<boolean> {
  const found = await cluster.kubectl(['get', 'customresourcedefinitions', '-o', 'name']);
  return monitoringKinds.some((name) => found.includes(name));
}

/** Namespaces that take nothing but restricted pods, one of the mesh and one that is none, the kinds of monitors. */
async function prepare({ cluster, progress }: Environment): Promise<void> {
  progress('chart: preparing namespaces and the kinds of the Prometheus operator');
  const labels = { [restricted]: 'restricted' };
  const namespaces = [
    { name: operatorNamespace, labels },
    { name: meshNamespace, labels },
    { name: member, labels: { mesh: 'on', 'istio-injection': 'enabled' } },
    { name: outsider, labels: { 'istio-injection': 'enabled' } },
  ];
  const items = namespaces.map((metadata) => ({ apiVersion: 'v1', kind: 'Namespace', metadata }));
  const apply = ['apply', '--server-side', '--force-conflicts'];
  await cluster.kubectl([...apply, '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  });
  await cluster.kubectl([...apply, ...(await monitoringDefinitions()).flatMap((file) => ['-f', file])]);
  const definitions = monitoringKinds.map((name) => `customresourcedefinition/${name}`);
  await cluster.kubectl(['wait', '--for=condition=Established', ...definitions]);
}

/** The API server's own word about each object: strict, so that a field that does not exist is refused. */
async function checkObjects(environment: Environment, check: Check): Promise<void> {
  const manifests = await helmWithEverything(environment, ['template']);
  const dryRun = ['apply', '--dry-run=server', '--validate=strict', '--server-side', '--force-conflicts', '-f', '-'];
  const refusal = await refusalOf(() => environment.cluster.kubectl(dryRun, { input: manifests }));
  check('the API server takes every object of the chart, field by field', refusal === '', refusal);
}

async function install(environment: Environment, check: Check): Promise<number> {
  const { client, cluster, helm, progress } = environment;
  progress('chart: installing with everything on');
  const started = performance.now();
  const notes = await helmWithEverything(environment, ['upgrade', '--install'], ['--wait', '--timeout', '3m']);
  const seconds = Math.round(performance.now() - started) / 1000;
  check(
    'the notes say what comes next',
    notes.includes('kind: MeshControlPlane') && notes.includes('test meltemi'),
    notes,
  );
  const deployment = await client.get(deployments, { namespace: operatorNamespace, name: 'meltemi-operator' });
  check(
    'three replicas are available under the restricted standard',
    deployment?.status?.availableReplicas === 3,
    deployment?.status,
  );
  const made = await cluster.kubectl(['-n', operatorNamespace, 'get', extras, '-l', ofRelease, '-o', 'name']);
  for (const kind of extras.split(',')) check(`a ${kind} is there`, made.includes(kind), made);
  const tested = await helm(['test', 'meltemi', '--namespace', operatorNamespace, '--timeout', '2m']);
  check('helm test succeeds', /Phase:\s+Succeeded/.test(tested), tested);
  return seconds;
}

const ofRelease = 'app.kubernetes.io/part-of=meltemi,app.kubernetes.io/managed-by=Helm';
const extras =
  'networkpolicy,poddisruptionbudget,servicemonitor,podmonitor,prometheusrule,configmap,service,serviceaccount';

/** What Kubernetes' own roles mean for the kinds of the mesh once the chart is there. */
async function checkUserRoles({ cluster }: Environment, check: Check): Promise<void> {
  const user = 'e2e-chart-editor';
  await cluster.kubectl(['-n', member, 'create', 'rolebinding', user, '--clusterrole=edit', `--user=${user}`]);
  const may = async (verb: string, resource: string): Promise<boolean> => {
    const answer = await refusalOf(() =>
      cluster.kubectl(['auth', 'can-i', verb, resource, '-n', member, `--as=${user}`, '--quiet']),
    );
    return answer === '';
  };
  await eventually('Kubernetes has put the roles together', async () =>
    (await may('create', 'virtualservices.networking.istio.io')) ? true : undefined,
  );
  check('an editor of a namespace may write its VirtualServices', true);
  check(
    'an editor of a namespace may make no MeshControlPlane',
    !(await may('create', 'meshcontrolplanes.meltemi.dev')),
  );
}

/** A namespace of the mesh has its root certificate and its sidecars; another has neither, until its labels change. */
async function checkMeshNamespaces(environment: Environment, check: Check): Promise<void> {
  const { cluster, client } = environment;
  const hasRoot = async (namespace: string): Promise<boolean> =>
    (await client.get(configMaps, { namespace, name: sidecar.rootCertConfigMap })) !== undefined;
  const becomes = (namespace: string, wanted: boolean) =>
    eventually(`${sidecar.rootCertConfigMap} in ${namespace}: ${wanted}`, async () =>
      (await hasRoot(namespace)) === wanted ? true : undefined,
    );
  await becomes(member, true);
  await becomes(meshNamespace, true);
  check('a namespace outside of the mesh has no root certificate', !(await hasRoot(outsider)));
  const inside = await dryRunPod(environment, member);
  check('a pod of the mesh gets a sidecar', inside.includes(sidecar.containers.proxy), inside);
  check('and the Secrets to pull it with', inside.includes('"name":"sidecar"'), inside);
  const outside = await dryRunPod(environment, outsider);
  check('a pod outside of the mesh gets none', !outside.includes(sidecar.containers.proxy), outside);

  await cluster.kubectl(['label', 'namespace', outsider, 'mesh=on']);
  await becomes(outsider, true);
  await cluster.kubectl(['label', 'namespace', outsider, 'mesh-']);
  await becomes(outsider, false);
  check('a namespace gets the root certificate as it joins the mesh, and loses it as it leaves', true);
}

async function dryRunPod({ cluster }: Environment, namespace: string): Promise<string> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'asks', namespace },
    spec: { containers: [{ name: 'app', image: 'none' }] },
  };
  const made = await cluster.kubectl(['create', '--dry-run=server', '-o', 'json', '-f', '-'], {
    input: JSON.stringify(pod),
  });
  return JSON.stringify(JSON.parse(made));
}

/** Every metric that an alert or a dashboard asks for is one that somebody serves. */
async function checkMetrics(environment: Environment, check: Check): Promise<number> {
  await deployQuotes(environment, member);
  const sources = [
    { namespace: operatorNamespace, labelSelector: operatorPods, port: 8080 },
    { namespace: meshNamespace, labelSelector: 'app=istiod', port: ports.istiodMonitoring },
    { namespace: member, labelSelector: sidecar.tlsModeLabel, port: ports.agentStatus },
  ];
  const asked = [
    ...alertRules().map(({ expr }) => expr),
    ...dashboards.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr))),
  ];
  const names = [...new Set(asked.flatMap(metricsIn))];
  await environment.cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(outlierDetection) });
  await eventually('alerts and dashboards ask for metrics that are served', async () => {
    const pages = (await Promise.all(sources.map((source) => podMetrics(environment, source)))).flat();
    const served = new Set(pages.flatMap((page) => [...page.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name)));
    const missing = names.filter((name) => !served.has(name));
    if (missing.length > 0) throw new Error(`nobody serves ${missing.join(', ')}`);
    return true;
  });
  check('alerts and dashboards ask for metrics that are served', true);
  return names.length;
}

/** Without it, Envoy counts no ejections. */
const outlierDetection = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'quotes', namespace: member },
  spec: { host: 'quotes', trafficPolicy: { outlierDetection: { consecutive5xxErrors: 5 } } },
};

/** An upgrade with other values, one with values that cannot be, and the way back. */
async function changeValues(environment: Environment, check: Check): Promise<void> {
  const { helm, cluster, progress } = environment;
  progress('chart: changing values');
  const istiods = await uids(environment, meshNamespace, 'app=istiod');
  const smaller = ['replicas=2', 'podDisruptionBudget.minAvailable=1', 'networkPolicy.enabled=false'];
  const flags = smaller.flatMap((value) => ['--set', value]);
  await helmWithEverything(environment, ['upgrade'], [...flags, '--wait', '--timeout', '3m']);
  const replicas = [
    '-n',
    operatorNamespace,
    'get',
    'deployment',
    'meltemi-operator',
    '-o',
    'jsonpath={.spec.replicas}',
  ];
  const policies = ['-n', operatorNamespace, 'get', 'networkpolicy', '-o', 'name'];
  check('an upgrade brings the new number of replicas', (await cluster.kubectl(replicas)) === '2');
  check('an upgrade takes away what is switched off', (await cluster.kubectl(policies)) === '');

  const stuck = [...flags, '--set', 'podDisruptionBudget.minAvailable=2'];
  const refusal = await refusalOf(() => helmWithEverything(environment, ['upgrade'], stuck));
  check('values that contradict each other are refused', refusal.includes('none of the 2 replicas go'), refusal);
  const status = await helm(['status', 'meltemi', '--namespace', operatorNamespace]);
  check('and leave the release as it was', /STATUS: deployed/.test(status), status);

  await helm(['rollback', 'meltemi', '1', '--namespace', operatorNamespace, '--wait', '--timeout', '3m']);
  check('a rollback brings back what was there', (await cluster.kubectl(replicas)) === '3');
  check('a rollback brings back what was switched off', (await cluster.kubectl(policies)) !== '');
  const after = await uids(environment, meshNamespace, 'app=istiod');
  check('istiod ran on all the while', after === istiods, { before: istiods, after });
}

async function uids({ client }: Environment, namespace: string, labelSelector: string): Promise<string> {
  const resource: Resource = pods;
  const { items } = await client.list(resource, { namespace, labelSelector });
  return items
    .map(({ metadata }) => metadata.uid)
    .sort()
    .join();
}

async function leftOvers({ cluster }: Environment): Promise<string> {
  const kinds = `deployments,pods,${extras},roles,rolebindings,clusterroles,clusterrolebindings`;
  return (await cluster.kubectl(['get', kinds, '-A', '-l', ofRelease, '-o', 'name'])).trim();
}

/** With their pods: a control plane is not to be deleted while proxies use it. */
async function removeNamespaces({ cluster }: Environment): Promise<void> {
  await cluster.kubectl(['delete', 'namespace', member, outsider, '--ignore-not-found', '--wait', '--timeout=120s']);
}

async function cleanUp(environment: Environment, hadMonitoring: boolean): Promise<void> {
  const { cluster } = environment;
  await removeNamespaces(environment);
  await uninstallMesh(environment);
  await cluster.kubectl(['label', 'namespace', operatorNamespace, meshNamespace, `${restricted}-`]);
  if (hadMonitoring) return;
  await cluster.kubectl(['delete', 'customresourcedefinitions', '--ignore-not-found', ...monitoringKinds]);
}

/** What a command says when it fails; nothing when it does not. */
async function refusalOf(command: () => Promise<string>): Promise<string> {
  try {
    await command();
    return '';
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return error.result.stderr || error.message;
  }
}
