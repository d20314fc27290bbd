import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../crds/kinds.ts';
import { ensureHelm } from '../e2e/cluster/binaries.ts';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import { version } from '../lib/version.ts';
import { leaseName } from '../operator/run.ts';
import { operatorRules } from '../operator/operator-rules.ts';

const chart = fileURLToPath(new URL('meltemi', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'meltemi-chart-'));
let helm: string;

beforeAll(async () => {
  helm = await ensureHelm(progressToStderr);
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true }));

async function runHelm(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(helm, args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

async function render(values: object = {}): Promise<readonly Manifest[]> {
  const file = join(folder, 'values.json');
  writeFileSync(file, JSON.stringify(values));
  const text = await runHelm('template', 'meltemi', chart, '--namespace', 'meltemi-system', '--values', file);
  return loadAll(text).filter((document): document is Manifest => document !== null && document !== undefined);
}

function only(manifests: readonly Manifest[], kind: string): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind);
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${String(found.length)} of kind ${kind}`);
  return first;
}

describe('chart', () => {
  it('passes helm lint', async () => {
    expect(await runHelm('lint', '--strict', chart)).toContain('0 chart(s) failed');
  });

  it('is of the version of the program', async () => {
    expect(await runHelm('show', 'chart', chart)).toMatch(new RegExp(`^appVersion: ${version}$`, 'm'));
  });

  it('installs an operator without any value', async () => {
    const manifests = (await render()).filter(({ kind }) => kind !== 'CustomResourceDefinition');
    expect(manifests).toMatchSnapshot();
  });

  it('passes every value on', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const manifests = await render({
      image: { repository: 'own.example/meltemi', digest, pullPolicy: 'Always' },
      imagePullSecrets: [{ name: 'pull' }],
      istiod: { image: 'own.example/istiod:1' },
      proxy: { image: { repository: 'own.example/proxy', tag: '2' } },
      replicas: 3,
      resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } },
      logLevel: 'default:info,informer:debug',
      logFormat: 'human',
      metrics: { service: { port: 9090, annotations: { a: 'b' } } },
      serviceAccount: { name: 'own', annotations: { c: 'd' } },
      podLabels: { e: 'f' },
      podAnnotations: { g: 'h' },
      nodeSelector: { i: 'j' },
      tolerations: [{ operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      priorityClassName: 'high',
      terminationGracePeriodSeconds: 5,
      extraEnv: [{ name: 'NODE_OPTIONS', value: '--trace-warnings' }],
      commonLabels: { team: 'mesh' },
    });
    expect(
      manifests.filter(({ kind }) => kind !== 'CustomResourceDefinition' && kind !== 'ClusterRole'),
    ).toMatchSnapshot();
  });

  it('has no budget for a single replica, which could never be drained', async () => {
    const manifests = await render({ replicas: 1 });
    expect(manifests.map(({ kind }) => kind)).not.toContain('PodDisruptionBudget');
  });

  it('grants the operator what its code says it needs, and nothing else in the whole cluster', async () => {
    expect(only(await render(), 'ClusterRole')['rules']).toEqual(operatorRules);
  });

  it('lets the operator write the lease that it competes for', async () => {
    expect(only(await render(), 'Role')['rules']).toContainEqual({
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      resourceNames: [leaseName],
      verbs: ['get', 'update', 'patch'],
    });
  });

  it('upgrades the kinds and leaves them behind', async () => {
    const definitions = (await render()).filter(({ kind }) => kind === 'CustomResourceDefinition');
    expect(definitions.map(({ metadata }) => metadata.name).sort()).toEqual(
      kinds.map(({ plural, group }) => `${plural}.${group}`).sort(),
    );
    for (const { metadata } of definitions)
      expect(metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' });
  });

  it.each([
    ['an unknown value', { replica: 3 }, /replica/],
    ['no replicas', { replicas: 0 }, /replicas/],
    ['a digest that is none', { image: { digest: 'latest' } }, /digest/],
    ['an unknown log format', { logFormat: 'xml' }, /logFormat/],
    ['a pull secret without a name', { imagePullSecrets: [{}] }, /imagePullSecrets/],
  ])('refuses %s', async (_name, values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });
});
