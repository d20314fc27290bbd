import { beforeAll, describe, expect, it } from 'vitest';
import { chartFolder, render, runHelm } from './helm.testing.ts';

beforeAll(() => runHelm('version'), 600_000);

it('a Kubernetes that is too old is refused', async () => {
  const template = (version: string) => runHelm('template', 'meltemi', chartFolder, '--kube-version', version);
  await expect(template('1.29.9')).rejects.toThrow(/requires kubeVersion: >=1.30.0/);
  // As providers write theirs.
  await expect(template('v1.30.1-gke.100')).resolves.toContain('kind: Deployment');
});

describe('values that are wrong by themselves', () => {
  it.each([
    ['an unknown value', { replica: 3 }, /replica/],
    ['an unknown value within another', { podDisruptionBudget: { enable: true } }, /podDisruptionBudget.*enable/s],
    ['no replicas', { replicas: 0 }, /replicas/],
    ['a digest that is none', { image: { digest: 'latest' } }, /digest/],
    ['a tag that is none', { image: { tag: 'with space' } }, /tag/],
    ['a hub with a scheme', { global: { hub: 'https://registry.example' } }, /hub/],
    ['an unknown log format', { logFormat: 'xml' }, /logFormat/],
    ['a pull secret without a name', { imagePullSecrets: [{}] }, /imagePullSecrets/],
    ['a label that is none', { commonLabels: { team: 'the mesh' } }, /commonLabels/],
    ['a quantity that is none', { resources: { limits: { memory: '1 GiB' } } }, /memory/],
    ['a field that affinity does not have', { affinity: { nodeAffinty: {} } }, /nodeAffinty/],
    ['a toleration of an unknown effect', { tolerations: [{ effect: 'NoRun' }] }, /effect/],
    ['a selector without values', { meshNamespaces: { matchExpressions: [{ key: 'a', operator: 'In' }] } }, /values/],
    ['a variable with two values', { extraEnv: [{ name: 'A', value: 'b', valueFrom: {} }] }, /extraEnv/],
    ['a volume without a source', { extraVolumes: [{ name: 'a' }] }, /extraVolumes/],
    ['an interval without a unit', { metrics: { serviceMonitor: { interval: '30' } } }, /interval/],
    ['an address without a mask', { networkPolicy: { apiServer: { cidrs: ['10.0.0.1'] } } }, /cidrs/],
  ])('are refused: %s', async (_name, values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });
});

describe('values that contradict each other', () => {
  const budget = (values: object) => ({ podDisruptionBudget: values });
  it.each([
    ['both sides of a budget', budget({ minAvailable: 1, maxUnavailable: 1 }), /both minAvailable and maxUnavailable/],
    ['a budget that keeps all', budget({ minAvailable: 2 }), /none of the 2 replicas go, so that no node/],
    ['a budget of all, as a share', budget({ minAvailable: '100%' }), /none of the 2 replicas go/],
    ['a budget that lets none go', budget({ maxUnavailable: 0 }), /none of the 2 replicas go/],
    [
      'parameters of another strategy',
      { updateStrategy: { type: 'Recreate' } },
      /set updateStrategy.rollingUpdate to null/,
    ],
    [
      'an update that cannot begin',
      { updateStrategy: { rollingUpdate: { maxSurge: 0 } } },
      /no pod could ever be replaced/,
    ],
    [
      'a ServiceAccount of no name',
      { serviceAccount: { create: false } },
      /name the ServiceAccount .* serviceAccount.name/,
    ],
    ['no token', { automountServiceAccountToken: false }, /mount a token/],
    ['root that must not be', { securityContext: { runAsUser: 0 } }, /runAsNonRoot and runAsUser 0/],
    [
      'a monitor of no Service',
      { metrics: { service: { enabled: false }, serviceMonitor: { enabled: true } } },
      /serviceMonitor.enabled needs metrics.service.enabled/,
    ],
    [
      'an alert that there is not',
      { metrics: { prometheusRule: { disabled: ['MeltemiDown'] } } },
      /there is no alert MeltemiDown; there are MeltemiOperatorAbsent, /,
    ],
    [
      'a severity for all alerts',
      { metrics: { prometheusRule: { alertLabels: { severity: 'low' } } } },
      /must not set severity/,
    ],
    [
      'a flag that a value sets',
      { extraArgs: ['--log-level=debug'] },
      /extraArgs must not have --log-level.*: logLevel/,
    ],
    ['a variable of the chart', { extraEnv: [{ name: 'POD_NAME', value: 'a' }] }, /extraEnv must not set POD_NAME/],
    ['a mount of no volume', { extraVolumeMounts: [{ name: 'a', mountPath: '/a' }] }, /no volume a in extraVolumes/],
    [
      'another selector',
      { podLabels: { 'app.kubernetes.io/name': 'a' } },
      /podLabels must not set app.kubernetes.io\/name/,
    ],
    ['a sidecar', { podLabels: { 'sidecar.istio.io/inject': 'true' } }, /must not set sidecar.istio.io\/inject/],
  ])('are refused: %s', async (_name, values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });

  it.each([
    ['Recreate without parameters', { updateStrategy: { type: 'Recreate', rollingUpdate: null } }],
    [
      'root where it may be',
      { podSecurityContext: { runAsNonRoot: false }, securityContext: { runAsNonRoot: false, runAsUser: 0 } },
    ],
    ['a budget of the only replica', { replicas: 1, podDisruptionBudget: { minAvailable: 1 } }],
    ['values of a bigger chart', { global: { someOther: { chart: true } } }],
    ['lists that were taken away', { global: null, imagePullSecrets: null, tolerations: null, extraArgs: null }],
  ])('are taken where they do not: %s', async (_name, values) => {
    await expect(render(values)).resolves.not.toEqual([]);
  });
});
