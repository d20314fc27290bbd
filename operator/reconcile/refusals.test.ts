import { describe, expect, it } from 'vitest';
import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import type { Namespace } from '../../lib/kube/types.ts';
import { testControlPlane, testDefaults } from '../fixtures.testing.ts';
import { firstFinding } from './conditions.ts';
import { refusals } from './refusals.ts';

function refusalOf(controlPlane: MeshControlPlane, siblings: readonly MeshControlPlane[] = [], namespace?: Namespace) {
  const world = {
    controlPlane,
    siblings,
    namespace,
    rootCertificate: { state: 'absent' },
    owned: [],
    pods: [],
    leases: [],
    rootCertificateConflicts: [],
  } as const;
  return firstFinding(refusals, { world, defaults: testDefaults });
}

const later = { creationTimestamp: '2026-01-02T00:00:00Z' };

describe('refusals', () => {
  it('let an empty spec pass', () => {
    expect(refusalOf(testControlPlane('default'))).toBeUndefined();
  });

  it('hold the younger of two objects for the same revision, and name the older', () => {
    const older = testControlPlane('default');
    const younger = testControlPlane('other', { revision: { name: 'default' }, namespace: 'elsewhere' }, later);
    const refusal = refusalOf(younger, [older]);
    expect(refusal?.reason).toBe('NameAlreadyExists');
    expect(refusal?.message).toContain('the older MeshControlPlane "default"');
    expect(refusalOf(older, [younger])).toBeUndefined();
  });

  it('decide by name between objects of the same second, so that never both are held', () => {
    const a = testControlPlane('a', { revision: { name: 'r' } });
    const b = testControlPlane('b', { revision: { name: 'r' } });
    expect([refusalOf(a, [b])?.reason, refusalOf(b, [a])?.reason]).toEqual([undefined, 'NameAlreadyExists']);
  });

  it('let one control plane only inject into namespaces without a label', () => {
    const spec = { injection: { enableNamespacesByDefault: true } };
    const [older, younger] = [testControlPlane('default', spec), testControlPlane('other', spec, later)];
    expect(refusalOf(older, [younger])).toBeUndefined();
    expect(refusalOf(younger, [older])).toEqual({
      reason: 'ValidationError',
      message:
        'spec.injection.enableNamespacesByDefault: the older MeshControlPlane "default" has it, ' +
        'and a namespace has one control plane only',
    });
  });

  it.each(['0.1.0', 'v0.1.0', '0.1', 'stable', 'candidate', 'latest'])('take version %s for the own one', (version) => {
    expect(refusalOf(testControlPlane('default', { version }))).toBeUndefined();
  });

  it.each([
    [
      'a version that comes after the operator',
      { version: '9.9.9' },
      'spec.version: 9.9.9 is newer than this operator, which is of version 0.1.0; ' +
        'upgrade the operator first, or choose from 0.1.0',
    ],
    ['a version that never was', { version: '0.0.7' }, 'spec.version: there is no version 0.0.7; choose from 0.1.0'],
    [
      'a level that is none',
      { pilot: { logLevel: 'xds:loud' } },
      'spec.pilot.logLevel: log level "xds:loud": "loud" is not one of debug, info, warn, error, none',
    ],
    [
      'a level of the agent that is none',
      { proxy: { agentLogLevel: 'chatty' } },
      'spec.proxy.agentLogLevel: log level "chatty": "chatty" is not one of debug, info, warn, error, none',
    ],
    [
      'a namespace without pods',
      { namespace: 'kube-public' },
      'spec.namespace: a control plane cannot run in kube-public, which Kubernetes keeps for itself',
    ],
  ])('hold %s', (_name, spec, message) => {
    expect(refusalOf(testControlPlane('default', spec))).toEqual({ reason: 'ValidationError', message });
  });

  it('wait for a namespace that is being deleted', () => {
    const namespace = { metadata: { name: 'istio-system', deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(refusalOf(testControlPlane('default'), [], namespace)?.reason).toBe('NamespaceTerminating');
  });
});
