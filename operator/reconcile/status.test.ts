import { describe, expect, it } from 'vitest';
import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import type { Condition } from '../../lib/kube/object.ts';
import {
  deployments,
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
} from '../../lib/kube/resources.ts';
import type { Deployment, Lease, Pod } from '../../lib/kube/types.ts';
import { revisionOf } from '../components/revision.ts';
import { testControlPlane, testDefaults, testWorld } from '../fixtures.testing.ts';
import type { Failure } from './converge.ts';
import { rootCertificateVerdict } from './plan.ts';
import type { Result } from './status.ts';
import { statusOf } from './status.ts';
import { saysTheSame } from './write-status.ts';
import type { LiveObject, World } from './world.ts';

const now = new Date('2026-03-01T12:00:00.123Z');

const settled: NonNullable<Deployment['status']> = {
  observedGeneration: 3,
  replicas: 2,
  updatedReplicas: 2,
  availableReplicas: 2,
  conditions: [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }],
};

function deployment(status: NonNullable<Deployment['status']> = settled): LiveObject {
  const object: Deployment = {
    metadata: { name: 'istiod', namespace: 'istio-system', generation: 3 },
    spec: { replicas: 2 },
    status,
  };
  return { resource: deployments, object };
}

const webhooks: readonly LiveObject[] = [
  { resource: mutatingWebhookConfigurations, object: { metadata: { name: 'istio-sidecar-injector' } } },
  { resource: validatingWebhookConfigurations, object: { metadata: { name: 'istio-validator-istio-system' } } },
];

function world(parts: Partial<World> = {}): World {
  return testWorld({
    controlPlane: testControlPlane('default', {}, { generation: 7 }),
    namespace: undefined,
    owned: [deployment(), ...webhooks],
    ...parts,
  });
}

function status(of: World, result?: Result) {
  const revision = revisionOf(of.controlPlane, testDefaults, undefined);
  const outcome = { present: [], failure: undefined };
  return statusOf(of, revision, result ?? { kind: 'converged', outcome, waiting: rootCertificateVerdict(of) }, now);
}

/** `Ready=True Ready`, in the order of the conditions. */
function summary(of: World, result?: Result): readonly string[] {
  return (status(of, result).conditions ?? []).map((one) => `${one.type}=${one.status} ${one.reason}`);
}

function failing(next: Failure['next'], reason: Failure['verdict']['reason']): Result {
  const failure: Failure = { verdict: { reason, message: 'words' }, error: new Error('words'), next };
  return { kind: 'converged', outcome: { present: [], failure }, waiting: undefined };
}

const crashing: Pod = {
  metadata: { name: 'istiod-abc' },
  status: {
    containerStatuses: [
      {
        name: 'discovery',
        ready: false,
        restartCount: 2,
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
      },
    ],
  },
};

describe('statusOf', () => {
  it.each<[string, World, Result | undefined, readonly string[]]>([
    [
      'everything is there and serves',
      world(),
      undefined,
      ['Reconciled=True Reconciled', 'Ready=True Ready', 'Progressing=False Settled', 'Degraded=False AsExpected'],
    ],
    [
      'istiod was just asked for',
      world({ owned: [], rootCertificate: { state: 'absent' } }),
      undefined,
      [
        'Reconciled=False WaitingForRootCertificate',
        'Ready=False IstiodNotFound',
        'Progressing=True IstiodNotFound',
        'Degraded=False AsExpected',
      ],
    ],
    [
      'istiod serves and has no root yet',
      world({ rootCertificate: { state: 'absent' } }),
      undefined,
      [
        'Reconciled=False WaitingForRootCertificate',
        'Ready=False WaitingForRootCertificate',
        'Progressing=True WaitingForRootCertificate',
        'Degraded=False AsExpected',
      ],
    ],
    [
      'the root is rubbish',
      world({ rootCertificate: { state: 'invalid', problem: 'no PEM' } }),
      undefined,
      [
        'Reconciled=False RootCertificateInvalid',
        'Ready=False RootCertificateInvalid',
        'Progressing=False RootCertificateInvalid',
        'Degraded=True RootCertificateInvalid',
      ],
    ],
    [
      'a change was written that Kubernetes has not acted on',
      world({ owned: [deployment({ ...settled, observedGeneration: 2 }), ...webhooks] }),
      undefined,
      [
        'Reconciled=True Reconciled',
        'Ready=False RolloutInProgress',
        'Progressing=True RolloutInProgress',
        'Degraded=False AsExpected',
      ],
    ],
    [
      'old pods still run beside new ones',
      world({ owned: [deployment({ ...settled, replicas: 3 }), ...webhooks] }),
      undefined,
      [
        'Reconciled=True Reconciled',
        'Ready=False RolloutInProgress',
        'Progressing=True RolloutInProgress',
        'Degraded=False AsExpected',
      ],
    ],
    [
      'a pod of a rollout crashes',
      world({ owned: [deployment({ ...settled, updatedReplicas: 1, replicas: 3 }), ...webhooks], pods: [crashing] }),
      undefined,
      [
        'Reconciled=True Reconciled',
        'Ready=False RolloutInProgress',
        'Progressing=True RolloutInProgress',
        'Degraded=True PodFailing',
      ],
    ],
    [
      'a rollout takes too long',
      world({
        owned: [
          deployment({
            ...settled,
            updatedReplicas: 1,
            conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
          }),
          ...webhooks,
        ],
      }),
      undefined,
      [
        'Reconciled=True Reconciled',
        'Ready=False ProgressDeadlineExceeded',
        'Progressing=False ProgressDeadlineExceeded',
        'Degraded=True ProgressDeadlineExceeded',
      ],
    ],
    [
      'a replica was lost',
      world({ owned: [deployment({ ...settled, availableReplicas: 1 }), ...webhooks] }),
      undefined,
      [
        'Reconciled=True Reconciled',
        'Ready=False IstiodNotReady',
        'Progressing=True IstiodNotReady',
        'Degraded=True ReplicasUnavailable',
      ],
    ],
    [
      'a quota forbids pods',
      world({
        owned: [
          deployment({
            observedGeneration: 3,
            conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }],
          }),
          ...webhooks,
        ],
      }),
      undefined,
      [
        'Reconciled=True Reconciled',
        'Ready=False RolloutInProgress',
        'Progressing=True RolloutInProgress',
        'Degraded=True PodsNotCreated',
      ],
    ],
    [
      'another mesh holds the root certificate of a namespace',
      world({ rootCertificateConflicts: ['shop'] }),
      undefined,
      [
        'Reconciled=True Reconciled',
        'Ready=True Ready',
        'Progressing=False Settled',
        'Degraded=True RootCertificateConflict',
      ],
    ],
    [
      'the API server fails while istiod serves',
      world(),
      failing('retry', 'ReconcileError'),
      [
        'Reconciled=False ReconcileError',
        'Ready=Unknown ReconcileError',
        'Progressing=True ReconcileError',
        'Degraded=True ReconcileError',
      ],
    ],
    [
      'the spec cannot be applied',
      world(),
      failing('terminal', 'ValidationError'),
      [
        'Reconciled=False ValidationError',
        'Ready=False ValidationError',
        'Progressing=False ValidationError',
        'Degraded=True ValidationError',
      ],
    ],
    [
      'the object is refused',
      world({ owned: [] }),
      { kind: 'refused', verdict: { reason: 'NameAlreadyExists', message: 'taken' } },
      [
        'Reconciled=False NameAlreadyExists',
        'Ready=False NameAlreadyExists',
        'Progressing=False NameAlreadyExists',
        'Degraded=True NameAlreadyExists',
      ],
    ],
    [
      'the object is being deleted',
      world({ owned: [] }),
      { kind: 'deleting', waitingFor: 'pod istio-system/istiod-abc to end' },
      ['Reconciled=False Deleting', 'Ready=False Deleting', 'Progressing=True Deleting', 'Degraded=False AsExpected'],
    ],
  ])('tells that %s', (_name, of, result, conditions) => {
    expect(summary(of, result)).toEqual(conditions);
  });

  it('names the failing pod and its own words', () => {
    const of = world({ owned: [deployment({ ...settled, availableReplicas: 1 }), ...webhooks], pods: [crashing] });
    expect(status(of).conditions).toContainEqual(
      expect.objectContaining({
        type: 'Ready',
        message:
          'Deployment istio-system/istiod: 1 of 2 pods are available; ' +
          'pod istiod-abc: container discovery: CrashLoopBackOff: back-off',
      }),
    );
  });

  it('judges the Deployment as it was just written, not as the informer still has it', () => {
    const written: LiveObject = {
      resource: deployments,
      object: { ...deployment().object, metadata: { name: 'istiod', namespace: 'istio-system', generation: 4 } },
    };
    const outcome = { present: [written], failure: undefined };
    expect(summary(world(), { kind: 'converged', outcome, waiting: undefined })).toContain(
      'Ready=False RolloutInProgress',
    );
  });

  it('counts the replicas of each component', () => {
    expect(status(world()).components).toEqual([
      { kind: 'Deployment', name: 'istiod', ready: true, desired: 2, updated: 2, available: 2 },
      { kind: 'MutatingWebhookConfiguration', name: 'istio-sidecar-injector', ready: true },
      { kind: 'ValidatingWebhookConfiguration', name: 'istio-validator-istio-system', ready: true },
    ]);
  });

  it('adds up the proxies of replicas that still run, of this revision only', () => {
    const lease = (name: string, revision: string, connected: string, synced: string): Lease => ({
      metadata: {
        name,
        labels: { 'meltemi.dev/istiod-status': revision },
        annotations: { 'meltemi.dev/connected-proxies': connected, 'meltemi.dev/synced-proxies': synced },
      },
    });
    const pods = ['istiod-a', 'istiod-b', 'istiod-c'].map((name): Pod => ({ metadata: { name } }));
    const leases = [
      lease('istiod-a', 'default', '5', '4'),
      lease('istiod-b', 'default', '7', '7'),
      lease('istiod-c', 'canary', '100', '100'),
      lease('istiod-gone', 'default', '100', '100'),
      { metadata: { name: 'istiod-b-other' } },
    ];
    expect(status(world({ pods, leases })).proxies).toEqual({ connected: 12, synced: 11 });
  });

  it('keeps the version that runs until another one serves', () => {
    const running: MeshControlPlane = { ...testControlPlane('default'), status: { version: '0.0.9' } };
    const rolling = world({ controlPlane: running, owned: [deployment({ ...settled, updatedReplicas: 0 })] });
    expect(status(rolling).version).toBe('0.0.9');
    expect(status(world({ controlPlane: running })).version).toBe('0.1.0');
  });

  it('changes the time of transition with the status of a condition only', () => {
    const first = status(world());
    const earlier = (first.conditions ?? []).map((one): Condition => ({ ...one, lastTransitionTime: 'earlier' }));
    const controlPlane = { ...testControlPlane('default'), status: { conditions: earlier } };
    const times = (of: World) =>
      Object.fromEntries(
        (status(of).conditions ?? []).map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
      );
    const lost = [deployment({ ...settled, availableReplicas: 1 }), ...webhooks];
    expect(times(world({ controlPlane, owned: lost }))).toEqual({
      Reconciled: 'earlier',
      Ready: '2026-03-01T12:00:00Z',
      Progressing: '2026-03-01T12:00:00Z',
      Degraded: '2026-03-01T12:00:00Z',
    });
  });
});

describe('saysTheSame', () => {
  const wanted = status(world());

  it('does not mind conditions of others, nor the order of keys and conditions', () => {
    const foreign = { ...(wanted.conditions ?? [])[0], type: 'Audited' } as Condition;
    const present = { ...wanted, conditions: [foreign, ...(wanted.conditions ?? [])].reverse() };
    expect(saysTheSame(wanted, JSON.parse(JSON.stringify(present)) as typeof wanted)).toBe(true);
  });

  it('minds a component that is not there any more', () => {
    const present = { ...wanted, components: [...(wanted.components ?? []), { kind: 'X', name: 'x', ready: true }] };
    expect(saysTheSame(wanted, present)).toBe(false);
  });

  it('minds a status that is missing', () => {
    expect(saysTheSame(wanted, undefined)).toBe(false);
  });
});
