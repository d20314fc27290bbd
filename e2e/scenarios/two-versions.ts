import { deployments, pods } from '../../lib/kube/resources.ts';
import { describeError } from '../../lib/errors.ts';
import { ports } from '../../lib/ports.ts';
import { version } from '../../lib/version.ts';
import { meshControlPlanes } from '../../crds/kinds.ts';
import type { Environment } from '../environment.ts';
import { sampleImage } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { applyControlPlane, meshNamespace, operatorNamespace, uninstallMesh } from '../mesh.ts';
import { podMetrics } from '../pod-metrics.ts';
import { nextVersion } from '../releases/next-version.ts';
import type { TestRelease } from '../releases/release.ts';
import { ensureRelease } from '../releases/release.ts';
import type { Check, Scenario } from '../scenario.ts';

/** The MeshControlPlane of the older version, and the namespace of its pod; those of the newer one are the default's. */
const former = { controlPlane: 'former', namespace: 'e2e-version-former', asked: version.replace(/\.\d+$/, '') };
const latter = { controlPlane: 'default', namespace: 'e2e-version-latter' };

export const twoVersions: Scenario = {
  name: 'two-versions',
  summary:
    'the operator of the next version runs control planes of its own version and of the one before, side by side',
  async run(environment, check) {
    const { cluster, progress } = environment;
    if (!cluster.local) {
      progress('left out: images of a version that was never released get into a local cluster only');
      return {};
    }
    await uninstallMesh(environment);
    const [old, next] = [await ensureRelease(version, {}, progress), await ensureRelease(nextVersion, {}, progress)];
    const loaded = [...(await old.loadInto(cluster)), ...(await next.loadInto(cluster))];
    try {
      for (const release of [old, next]) await checkProgram(environment, release, check);
      await installRelease(environment, next, check);
      const readySeconds = await applyControlPlane(environment);
      await checkControlPlane(environment, { ...latter, istiod: 'istiod', release: next }, check);
      const formerReadySeconds = await applyFormer(environment);
      await checkControlPlane(environment, { ...former, istiod: `istiod-${former.controlPlane}`, release: old }, check);
      await checkRefused(environment, check);
      return { loaded, readySeconds, formerReadySeconds };
    } finally {
      const namespaces = [former.namespace, latter.namespace];
      await cluster.kubectl(['delete', 'namespace', ...namespaces, '--ignore-not-found', '--timeout=120s']);
      await uninstallMesh(environment);
    }
  },
};

/** What the program in the image says it is. */
async function checkProgram(
  { cluster }: Environment,
  { version: of, images }: TestRelease,
  check: Check,
): Promise<void> {
  const name = `version-${of.replaceAll(/[^a-z0-9]/g, '-')}`;
  const pod = ['--namespace', 'default', `pod/${name}`];
  try {
    const how = ['--image', images.istiod.reference, '--restart', 'Never', '--namespace', 'default'];
    await cluster.kubectl(['run', name, ...how, '--', '--version']);
    await cluster.kubectl(['wait', ...pod, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=60s']);
    const said = (await cluster.kubectl(['logs', ...pod])).trim();
    check(`meltemi --version of image ${images.istiod.reference} is ${of}`, said === of, said);
  } finally {
    await cluster.kubectl(['delete', ...pod, '--ignore-not-found', '--wait=false']);
  }
}

async function installRelease(environment: Environment, release: TestRelease, check: Check): Promise<void> {
  const { helm, client, progress } = environment;
  progress(`chart: installing ${release.version}`);
  const where = ['meltemi', release.chartPath, '--namespace', operatorNamespace, '--create-namespace'];
  await helm(['upgrade', '--install', ...where, '--wait', '--timeout', '3m']);
  const { items } = await client.list(deployments, { namespace: operatorNamespace });
  const [operator] = items;
  const image = operator?.spec?.template?.spec?.containers?.[0]?.image;
  check(
    `the chart ${release.version} runs the operator ${release.version}`,
    image === release.images.istiod.reference,
    image,
  );
  const label = operator?.metadata.labels?.['app.kubernetes.io/version'];
  check('... and says so in its labels', label === release.version, label);
}

/** A minor is enough to ask for a version. */
async function applyFormer({ cluster, progress }: Environment): Promise<number> {
  progress(`control plane: applying another one of version ${former.asked}`);
  const started = performance.now();
  const object = {
    apiVersion: 'meltemi.dev/v1alpha1',
    kind: 'MeshControlPlane',
    metadata: { name: former.controlPlane },
    spec: { version: former.asked },
  };
  await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
  await cluster.kubectl(['wait', `meshcontrolplane/${former.controlPlane}`, '--for=condition=Ready', '--timeout=180s']);
  return Math.round(performance.now() - started) / 1000;
}

interface Expected {
  readonly controlPlane: string;
  readonly namespace: string;
  /** Name of the Deployment. */
  readonly istiod: string;
  readonly release: TestRelease;
}

async function checkControlPlane(environment: Environment, expected: Expected, check: Check): Promise<void> {
  const { client } = environment;
  const { controlPlane: name, istiod, release } = expected;
  const { version: of, images } = release;
  const controlPlane = await client.get(meshControlPlanes, { name });
  check(`MeshControlPlane ${name} says that ${of} runs`, controlPlane?.status?.version === of, controlPlane?.status);
  const deployment = await client.get(deployments, { namespace: meshNamespace, name: istiod });
  const image = deployment?.spec?.template?.spec?.containers?.[0]?.image;
  check(`Deployment ${istiod} has the image of ${of}`, image === images.istiod.reference, image);
  const labelSelector = `app=istiod,istio.io/rev=${name}`;
  const pages = await podMetrics(environment, {
    namespace: meshNamespace,
    labelSelector,
    port: ports.istiodMonitoring,
  });
  const told = pages.length > 0 && pages.every((page) => page.includes(`pilot_info{version="${of}"}`));
  check(
    `... and says itself that it is ${of}`,
    told,
    pages.map((page) => /^pilot_info.*$/m.exec(page)?.[0]),
  );
  await checkSidecar(environment, expected, check);
}

/** A pod of the control plane gets the sidecar of its version, which reaches its istiod. */
async function checkSidecar(environment: Environment, expected: Expected, check: Check): Promise<void> {
  const { cluster, client } = environment;
  const { namespace, release } = expected;
  const objects = [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'istio.io/rev': expected.controlPlane } },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'app', namespace, labels: { app: 'app' } },
      spec: { containers: [{ name: 'app', image: sampleImage }], terminationGracePeriodSeconds: 0 },
    },
  ];
  for (const object of objects) await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
  await cluster.kubectl(['-n', namespace, 'wait', 'pod/app', '--for=condition=Ready', '--timeout=120s']);
  const pod = await client.get(pods, { namespace, name: 'app' });
  const image = pod?.spec?.initContainers?.find(({ name }) => name === 'istio-proxy')?.image;
  check(`a pod of it has the sidecar ${release.version}`, image === release.images.proxy.reference, image);
  const source = { namespace, labelSelector: 'app=app', port: ports.agentStatus };
  const told = await eventually('the sidecar tells its version', async () => {
    const [page = ''] = await podMetrics(environment, source);
    return /^istio_build\{.*\} 1$/m.exec(page)?.[0];
  });
  check('... whose agent says so too', told.includes(`tag="${release.version}"`), told);
}

async function checkRefused({ cluster }: Environment, check: Check): Promise<void> {
  const patch = JSON.stringify({ spec: { version: '99.0' } });
  const patched = cluster.kubectl(['patch', 'meshcontrolplane', former.controlPlane, '--type=merge', '--patch', patch]);
  const said = await patched.then(
    () => 'nothing',
    (error: unknown) => describeError(error),
  );
  const versions = `choose from ${version}, ${nextVersion}`;
  check('a version that comes after the operator is refused with those that there are', said.includes(versions), said);
}
