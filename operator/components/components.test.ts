import { describe, expect, it } from 'vitest';
import { parseIstiodConfig } from '../../config/istiod-config.ts';
import { rootSecretName } from '../../ca/root-secret.ts';
import type { MeshControlPlaneSpecInput } from '../../crds/mesh-control-plane.ts';
import { caSecretName } from '../names.ts';
import { testControlPlane, testDefaults } from '../fixtures.testing.ts';
import { desiredObjects } from './components.ts';
import { istiodConfigText } from './configuration.ts';
import type { DesiredObject } from './desired.ts';
import { nameOf } from './desired.ts';
import { revisionOf } from './revision.ts';

const root = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

function objectsOf(name: string, spec: MeshControlPlaneSpecInput = {}, pem: string | undefined = root) {
  return desiredObjects(revisionOf(testControlPlane(name, spec), testDefaults, pem));
}

function find(objects: readonly DesiredObject[], kind: string): DesiredObject['object'] {
  const found = objects.find(({ resource }) => resource.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found.object;
}

function podTemplate(objects: readonly DesiredObject[]): unknown {
  return JSON.parse(JSON.stringify(find(objects, 'Deployment')['spec']));
}

const fullSpec: MeshControlPlaneSpecInput = {
  version: 'v0.1.0',
  revision: { name: 'canary' },
  namespace: 'mesh',
  meshConfig: { trustDomain: 'example.org', mtls: { mode: 'STRICT' }, accessLog: { encoding: 'JSON' } },
  pilot: {
    image: 'own.example/istiod:1',
    imagePullPolicy: 'Always',
    autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 9, targetCPUUtilizationPercentage: 60 },
    resources: { requests: { cpu: 1, memory: '1Gi' }, limits: { memory: '2Gi' } },
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'dedicated', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    logLevel: 'default:info,xds:debug',
  },
  proxy: { image: 'own.example/proxy:1' },
  ca: { keyType: 'RSA-4096' },
  injection: { enableNamespacesByDefault: true },
};

describe('desiredObjects', () => {
  it('makes a whole control plane of an empty spec', () => {
    expect(objectsOf('default').map(({ object }) => object)).toMatchSnapshot();
  });

  it('follows a full spec', () => {
    expect(objectsOf('second', fullSpec).map(({ object }) => object)).toMatchSnapshot();
  });

  it('makes the webhooks last, and only with a root certificate to check istiod by', () => {
    const withRoot = objectsOf('default').map(nameOf);
    const without = desiredObjects(revisionOf(testControlPlane('default'), testDefaults, undefined)).map(nameOf);
    expect(withRoot.slice(0, -2)).toEqual(without);
    expect(withRoot.slice(-2)).toEqual([
      'MutatingWebhookConfiguration istio-sidecar-injector',
      'ValidatingWebhookConfiguration istio-validator-istio-system',
    ]);
  });

  it('is the same for the same spec, and bears another digest for another one', () => {
    expect(objectsOf('default')).toEqual(objectsOf('default'));
    const digests = (spec: MeshControlPlaneSpecInput) =>
      objectsOf('default', spec).map(({ object }) => object.metadata.annotations);
    expect(digests({})).not.toEqual(digests({ pilot: { replicas: 3 } }));
  });

  it('rolls the pods when the configuration changes, and not when only the number of replicas does', () => {
    const template = (spec: MeshControlPlaneSpecInput) => podTemplate(objectsOf('default', spec));
    const plain = template({});
    expect(template({ meshConfig: { trustDomain: 'other' } })).not.toEqual(plain);
    expect(template({ pilot: { replicas: 5 } })).toEqual({ ...Object(plain), replicas: 5 });
  });

  it('leaves the number of replicas to the autoscaler', () => {
    const objects = objectsOf('default', { pilot: { replicas: 7, autoscaling: { enabled: true } } });
    expect(find(objects, 'Deployment')['spec']).not.toHaveProperty('replicas');
    expect(find(objects, 'HorizontalPodAutoscaler')['spec']).toMatchObject({ minReplicas: 2, maxReplicas: 5 });
  });

  it('has no budget for a lone replica, which could never be drained', () => {
    const kinds = objectsOf('default', { pilot: { replicas: 1 } }).map(({ resource }) => resource.kind);
    expect(kinds).not.toContain('PodDisruptionBudget');
  });

  it('pulls images with the Secrets of the spec, else with those that the operator was started with', () => {
    const pullSecrets = { istiod: [{ name: 'mirror' }], proxy: [{ name: 'mirror' }, { name: 'second' }] };
    const spec = { pilot: { imagePullSecrets: [{ name: 'own' }] } };
    const revision = revisionOf(testControlPlane('default', spec), { ...testDefaults, pullSecrets }, root);
    expect(podTemplate(desiredObjects(revision))).toMatchObject({
      template: { spec: { imagePullSecrets: [{ name: 'own' }] } },
    });
    expect(parseIstiodConfig(istiodConfigText(revision)).proxy.imagePullSecrets).toEqual(pullSecrets.proxy);
  });

  it('injects into namespaces of the mesh only, where not all belong to it', () => {
    const meshNamespaces = { matchLabels: { mesh: 'on' } };
    const revision = revisionOf(testControlPlane('default'), { ...testDefaults, meshNamespaces }, root);
    const { webhooks } = find(desiredObjects(revision), 'MutatingWebhookConfiguration');
    const within = '{"key":"mesh","operator":"In","values":["on"]}]},"objectSelector"';
    expect(webhooks).toHaveLength(4);
    expect(JSON.stringify(webhooks).split(within)).toHaveLength(5);
  });

  it('names the objects of two revisions apart', () => {
    const names = [...objectsOf('default'), ...objectsOf('canary')].map(nameOf);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('istiodConfigText', () => {
  it('is read by istiod as it was meant', () => {
    const controlPlane = testControlPlane('second', fullSpec);
    const { meshConfig, proxy, ca, injection, telemetry } = controlPlane.spec;
    const text = istiodConfigText(revisionOf(controlPlane, testDefaults, undefined));
    expect(parseIstiodConfig(text)).toEqual({ meshConfig, proxy, ca, injection, telemetry });
  });

  it('always names the image of the sidecar', () => {
    const text = istiodConfigText(revisionOf(testControlPlane('default'), testDefaults, undefined));
    expect(parseIstiodConfig(text).proxy.image).toBe('meltemi/proxy:0.1.0');
  });
});

describe('parseIstiodConfig', () => {
  it('has a default for everything', () => {
    expect(parseIstiodConfig('').meshConfig.trustDomain).toBe('cluster.local');
  });

  it.each([
    ['meshconfig: {}', /unknown key meshconfig; known are meshConfig/],
    ['[]', /the configuration must be an object/],
    ['ca: 5', /ca must be an object/],
  ])('refuses %s', (text, message) => {
    expect(() => parseIstiodConfig(text)).toThrow(message);
  });
});

describe('names', () => {
  it('agree with the certificate authority about its Secret', () => {
    expect(caSecretName).toBe(rootSecretName);
  });
});
