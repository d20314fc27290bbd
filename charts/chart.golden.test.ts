import { beforeAll, describe, expect, it } from 'vitest';
import { customResourceDefinition } from '../crds/custom-resource-definition.ts';
import { kinds } from '../crds/kinds.ts';
import { ports } from '../lib/ports.ts';
import { version } from '../lib/version.ts';
import { operatorRules } from '../operator/operator-rules.ts';
import { leaseName } from '../operator/run.ts';
import {
  chartFolder,
  everythingFile,
  only,
  operatorContainer,
  render,
  runHelm,
  withoutGenerated,
} from './helm.testing.ts';
import { userRules } from './user-roles.ts';

beforeAll(() => runHelm('version'), 600_000);

const operatorRole = 'meltemi-operator.meltemi-system';
/** As plain data, in the order of names. */
function sorted(objects: readonly { readonly metadata: { readonly name: string } }[]): unknown {
  const inOrder = [...objects].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  return JSON.parse(JSON.stringify(inOrder)) as unknown;
}

const kindsOf = (manifests: Awaited<ReturnType<typeof render>>): readonly string[] => manifests.map(({ kind }) => kind);

describe('chart', () => {
  it('passes helm lint, with its defaults and with everything on', async () => {
    expect(await runHelm('lint', '--strict', chartFolder)).toContain('0 chart(s) failed');
    expect(await runHelm('lint', '--strict', chartFolder, '--values', everythingFile)).toContain('0 chart(s) failed');
  });

  it('is of the version of the program', async () => {
    expect(await runHelm('show', 'chart', chartFolder)).toMatch(new RegExp(`^appVersion: ${version}$`, 'm'));
  });

  it('installs an operator without any value', async () => {
    expect(withoutGenerated(await render())).toMatchSnapshot();
  });

  it('passes every value on', async () => {
    expect(withoutGenerated(await render({}, [everythingFile]))).toMatchSnapshot();
  });

  it('makes no object of a kind that a cluster may lack unless it is asked for', async () => {
    const foreign = (await render()).filter(({ apiVersion }) => String(apiVersion).includes('monitoring.coreos.com'));
    expect(foreign).toEqual([]);
  });
});

describe('images', () => {
  const images = async (values: object): Promise<readonly string[]> => {
    const { image, args } = operatorContainer(await render(values));
    const flags = (args as readonly string[]).filter((argument) => argument.includes('-image='));
    return [String(image), ...flags.map((flag) => flag.replace(/^.*-image=/, ''))];
  };

  it('come from the hub, but for those that name a registry', async () => {
    const proxy = { image: { repository: 'other.example/proxy' } };
    expect(await images({ global: { hub: 'registry.example:5000/mirror' }, proxy })).toEqual([
      `registry.example:5000/mirror/meltemi/meltemi:${version}`,
      `registry.example:5000/mirror/meltemi/meltemi:${version}`,
      `other.example/proxy:${version}`,
    ]);
    expect(await images({ global: { hub: 'hub.example' }, image: { repository: 'localhost/meltemi' } })).toEqual([
      `localhost/meltemi:${version}`,
      `localhost/meltemi:${version}`,
      `hub.example/meltemi/proxy:${version}`,
    ]);
  });

  it('can be held by digest, that of istiod too without naming it again', async () => {
    const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
    expect(
      await images({
        image: { tag: 'ignored', digest: digest('a') },
        istiod: { image: { digest: digest('b') } },
        proxy: { image: { digest: digest('c') } },
      }),
    ).toEqual([`meltemi/meltemi@${digest('a')}`, `meltemi/meltemi@${digest('b')}`, `meltemi/proxy@${digest('c')}`]);
  });
});

describe('availability', () => {
  it('has no budget for a single replica, which could never be drained', async () => {
    expect(kindsOf(await render({ replicas: 1 }))).not.toContain('PodDisruptionBudget');
  });

  it('takes a share of replicas for the budget', async () => {
    const budget = only(await render({ podDisruptionBudget: { maxUnavailable: '50%' } }), 'PodDisruptionBudget');
    expect(budget['spec']).toMatchObject({ maxUnavailable: '50%' });
    expect(budget['spec']).not.toHaveProperty('minAvailable');
  });
});

describe('roles', () => {
  it('grant the operator what its code says it needs, and nothing else in the whole cluster', async () => {
    const manifests = await render();
    expect(only(manifests, 'ClusterRole', operatorRole)['rules']).toEqual(operatorRules);
    expect(only(manifests, 'ClusterRoleBinding')['roleRef']).toMatchObject({ name: operatorRole });
  });

  it('let the operator write the lease that it competes for', async () => {
    expect(only(await render(), 'Role')['rules']).toContainEqual({
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      resourceNames: [leaseName],
      verbs: ['get', 'update', 'patch'],
    });
  });

  it('are left to somebody else when they are not wanted', async () => {
    const manifests = await render({ rbac: { create: false, userRoles: { create: false } } });
    expect(kindsOf(manifests).filter((kind) => kind.includes('Role'))).toEqual([]);
    expect(kindsOf(manifests)).toContain('ServiceAccount');
  });

  it.each(['view', 'edit', 'admin'] as const)('for people become part of Kubernetes’ own: %s', async (role) => {
    const own = only(await render(), 'ClusterRole', `meltemi-${role}`);
    expect(own['rules']).toEqual(userRules()[role]);
    expect(own.metadata.labels).toMatchObject({ [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true' });
    const alone = only(await render({ rbac: { userRoles: { aggregate: false } } }), 'ClusterRole', `meltemi-${role}`);
    expect(JSON.stringify(alone.metadata.labels)).not.toContain('aggregate-to');
  });

  it('are bound to a ServiceAccount that was there before', async () => {
    const manifests = await render({ serviceAccount: { create: false, name: 'there' } });
    expect(kindsOf(manifests)).not.toContain('ServiceAccount');
    for (const kind of ['RoleBinding', 'ClusterRoleBinding']) {
      expect(only(manifests, kind)['subjects']).toMatchObject([{ name: 'there', namespace: 'meltemi-system' }]);
    }
  });
});

describe('security', () => {
  /** Kubernetes, "Pod Security Standards", Restricted. */
  it('is what the restricted standard asks of pods, in the test pod too', async () => {
    const manifests = await render();
    const { spec } = (only(manifests, 'Deployment')['spec'] as { readonly template: { readonly spec: object } })
      .template;
    for (const pod of [spec, only(manifests, 'Pod')['spec']]) {
      expect(pod).toMatchObject({
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      });
    }
  });

  it('leaves out what is taken away by null, as a platform wants that chooses users itself', async () => {
    const manifests = await render({ podSecurityContext: { runAsUser: null, runAsGroup: null } });
    const { template } = only(manifests, 'Deployment')['spec'] as { readonly template: { readonly spec: object } };
    expect(template.spec).toHaveProperty('securityContext', {
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });
});

describe('network policy', () => {
  it('lets the operator read what it judges an upgrade by', async () => {
    const policy = only(await render({ networkPolicy: { enabled: true } }), 'NetworkPolicy')['spec'];
    const tcp = (port: number) => ({ port, protocol: 'TCP' });
    expect(policy).toHaveProperty(
      'egress',
      expect.arrayContaining([
        { to: [{ namespaceSelector: {} }], ports: [tcp(ports.istiodMonitoring), tcp(ports.envoyPrometheus)] },
      ]),
    );
  });

  it('lets in whoever speaks with a port of the operator', async () => {
    const manifests = await render({ networkPolicy: { enabled: true } });
    const { ports: open } = operatorContainer(manifests) as { readonly ports: readonly { readonly name: string }[] };
    const allowed = JSON.stringify(only(manifests, 'NetworkPolicy')['spec']);
    expect(open.length).toBeGreaterThan(1);
    for (const { name } of open) expect(allowed).toContain(`"port":"${name}"`);
  });
});

describe('kinds', () => {
  const definitionsOf = async (values: object) =>
    (await render(values)).filter(({ kind }) => kind === 'CustomResourceDefinition');

  it('are upgraded and left behind', async () => {
    const definitions = await definitionsOf({});
    expect(definitions.map(({ metadata }) => metadata.name).sort()).toEqual(
      kinds.map(({ plural, group }) => `${plural}.${group}`).sort(),
    );
    for (const { metadata } of definitions)
      expect(metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' });
  });

  it('are those that crds/ defines', async () => {
    const defined = kinds.map((kind) => customResourceDefinition(kind));
    expect(sorted(await definitionsOf({}))).toEqual(sorted(defined));
  });

  it('go with the release when they are not kept, and are otherwise the same', async () => {
    const defined = kinds.map((kind) => {
      const { metadata, ...rest } = customResourceDefinition(kind);
      return { ...rest, metadata: { name: metadata.name, annotations: {} } };
    });
    expect(sorted(await definitionsOf({ crds: { keep: false } }))).toEqual(sorted(defined));
  });

  it('are left to another release when they are not wanted', async () => {
    expect(await definitionsOf({ crds: { install: false } })).toEqual([]);
  });
});
