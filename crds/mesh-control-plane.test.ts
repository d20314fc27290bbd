import { describe, expect, expectTypeOf, it } from 'vitest';
import { applyDefaults } from './defaults.ts';
import type { Condition } from '../lib/kube/object.ts';
import type { MeshControlPlaneSpec, MeshControlPlaneSpecInput, MeshControlPlaneStatus } from './mesh-control-plane.ts';
import { meshControlPlane, revisionName } from './mesh-control-plane.ts';
import { array, integer, map, nullable, object, string, withDefault } from './schema.ts';

describe('MeshControlPlane', () => {
  it('is complete with an empty spec, and with none', () => {
    const expected = {
      revision: {},
      namespace: 'istio-system',
      meshConfig: {
        trustDomain: 'cluster.local',
        clusterDomain: 'cluster.local',
        outboundTrafficPolicy: { mode: 'ALLOW_ANY' },
        mtls: { mode: 'PERMISSIVE' },
        enableAutoMtls: true,
        connectTimeout: '10s',
        protocolDetectionTimeout: '0s',
        defaultConfig: {
          concurrency: 2,
          drainDuration: '45s',
          terminationDrainDuration: '5s',
          holdApplicationUntilProxyStarts: false,
        },
      },
      pilot: {
        replicas: 2,
        autoscaling: { enabled: false, minReplicas: 2, maxReplicas: 5, targetCPUUtilizationPercentage: 80 },
        resources: { requests: { cpu: '100m', memory: '256Mi' } },
        logLevel: 'info',
      },
      proxy: {
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2', memory: '1Gi' } },
        logLevel: 'warning',
        componentLogLevel: 'misc:error',
        agentLogLevel: 'info',
      },
      ca: {
        rootTTL: '87600h',
        workloadCertTTL: '24h',
        maxWorkloadCertTTL: '2160h',
        keyType: 'ECDSA-P256',
        workloadKeyType: 'ECDSA-P256',
        deletionPolicy: 'Retain',
      },
      injection: {
        policy: 'enabled',
        enableNamespacesByDefault: false,
        neverInjectSelector: [],
        alwaysInjectSelector: [],
        nativeSidecar: true,
        rewriteAppHTTPProbers: true,
      },
      telemetry: { metrics: { merge: true } },
      upgrade: {
        strategy: 'InPlace',
        paused: false,
        batches: { by: 'Workload', size: '20%' },
        pauseBetween: '1m',
        maxUnavailable: 1,
        gates: {
          proxiesSynced: true,
          noRejections: true,
          noCrashLoops: true,
          successRate: { enabled: true, maxDrop: 1, minRequests: 50 },
          latency: { enabled: true, maxIncreasePercent: 100, minimumMilliseconds: 100, minRequests: 200 },
          timeout: '10m',
        },
        autoRollback: true,
        windows: [],
        force: false,
        attempt: 0,
        inactiveRevisionDeletionGracePeriod: '30s',
      },
    };
    expect(applyDefaults(meshControlPlane.spec, {})).toEqual(expected);
    const object_ = { spec: meshControlPlane.spec };
    expect(applyDefaults(object('An object.', object_), {})).toEqual({ spec: expected });
  });

  it('has a type in which all that has a default is there for readers, and optional for writers', () => {
    expectTypeOf<MeshControlPlaneSpec['meshConfig']['defaultConfig']['concurrency']>().toEqualTypeOf<number>();
    expectTypeOf<MeshControlPlaneSpec['meshConfig']['accessLog']>().extract<undefined>().toEqualTypeOf<undefined>();
    expectTypeOf<Record<string, never>>().toExtend<MeshControlPlaneSpecInput>();
  });

  it("has Kubernetes' own conditions in its status", () => {
    expectTypeOf<NonNullable<MeshControlPlaneStatus['conditions']>[number]>().toEqualTypeOf<Condition>();
  });

  it('names its revision after itself, or as told', () => {
    const spec = applyDefaults(meshControlPlane.spec, {});
    expect(revisionName({ metadata: { name: 'main' }, spec })).toBe('main');
    expect(revisionName({ metadata: { name: 'main' }, spec: { ...spec, revision: { name: 'blue' } } })).toBe('blue');
  });
});

describe('defaults', () => {
  const part = object('A part.', { size: withDefault(integer('Its size.'), 1) });
  const whole = object('A whole.', {
    parts: array('Its parts.', part),
    byName: map('Its parts by name.', part),
    none: nullable(string('Nothing or a string.')),
    set: withDefault(part, {}),
    name: string('Its name.'),
  });

  it('are filled into what is there, in lists and maps too, and leave the input as it was', () => {
    const input = { parts: [{}, { size: 5 }], byName: { a: {} }, name: 'n', none: null };
    const before = structuredClone(input);
    expect(applyDefaults(whole, input)).toEqual({
      parts: [{ size: 1 }, { size: 5 }],
      byName: { a: { size: 1 } },
      set: { size: 1 },
      name: 'n',
      none: null,
    });
    expect(input).toEqual(before);
  });

  it('take the place of null where null is no value', () => {
    // The API server gets this as JSON, whatever the type says.
    const input: unknown = JSON.parse('{"set": null}');
    expect(applyDefaults<unknown, unknown>(whole, input)).toEqual({ set: { size: 1 } });
  });
});
