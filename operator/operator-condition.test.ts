import { describe, expect, it, vi } from 'vitest';
import type { MeshControlPlane } from '../crds/mesh-control-plane.ts';
import type { MeshControlPlaneStatus } from '../crds/mesh-control-plane-status.ts';
import type { UpgradePhase } from '../crds/mesh-upgrade.ts';
import { upgradePhases } from '../crds/mesh-upgrade.ts';
import type { ChangeListener } from '../lib/kube/informer.ts';
import { recordingLogger } from '../lib/logger.ts';
import { fakeApi } from './fake-api.testing.ts';
import { testControlPlane, testStores } from './fixtures.testing.ts';
import {
  keepOperatorCondition,
  operatorConditions,
  reportUpgradeable,
  upgradeable,
  upgradeableType,
} from './operator-condition.ts';
import { testUpgradeStatus } from './upgrade-status.testing.ts';

const time = '2026-01-01T00:00:00Z';
const ref = { namespace: 'operators', name: 'meltemi.v0.1.0' };

function withStatus(name: string, status: MeshControlPlaneStatus): MeshControlPlane {
  return { ...testControlPlane(name), status };
}

function upgrading(name: string, phase: UpgradePhase): MeshControlPlane {
  return withStatus(name, { upgrade: testUpgradeStatus(phase) });
}

function progressing(name: string, status: 'True' | 'False', reason: string): MeshControlPlane {
  const condition = { type: 'Progressing', status, reason, message: '', lastTransitionTime: time };
  return withStatus(name, { conditions: [condition] });
}

describe('an operator', () => {
  it('may be upgraded when there is nothing to do', () => {
    expect(upgradeable([])).toEqual({ status: 'True', reason: 'Settled', message: 'nothing is under way' });
    expect(upgradeable([testControlPlane('default'), progressing('other', 'False', 'Settled')]).status).toBe('True');
  });

  it.each(upgradePhases.filter((phase) => !['Failed', 'RolledBack', 'Completed'].includes(phase)))(
    'may not be upgraded while an upgrade of a mesh is %s',
    (phase) => {
      expect(upgradeable([testControlPlane('default'), upgrading('shop', phase)])).toEqual({
        status: 'False',
        reason: 'UpgradeInProgress',
        message: 'an upgrade of MeshControlPlane shop is under way',
      });
    },
  );

  it.each(['Failed', 'RolledBack', 'Completed'] as const)('may be upgraded after an upgrade that is %s', (phase) => {
    expect(upgradeable([upgrading('shop', phase)]).status).toBe('True');
  });

  it('may not be upgraded while istiod is rolled out, and may when that takes too long', () => {
    expect(upgradeable([progressing('shop', 'True', 'RolloutInProgress')])).toMatchObject({
      status: 'False',
      reason: 'RolloutInProgress',
      message: 'istiod of MeshControlPlane shop is being rolled out',
    });
    expect(upgradeable([progressing('shop', 'False', 'ProgressDeadlineExceeded')]).status).toBe('True');
  });

  it('names the same control plane whatever their order', () => {
    const both = [upgrading('a', 'Moving'), upgrading('b', 'Moving')];
    expect(upgradeable(both)).toEqual(upgradeable(both.toReversed()));
  });
});

describe('the report', () => {
  const no = { status: 'False', reason: 'UpgradeInProgress', message: 'x' } as const;
  const yes = { status: 'True', reason: 'Settled', message: 'y' } as const;
  const later = new Date('2026-01-01T01:00:00.500Z');
  const seeded = (conditions: readonly object[] = []) => {
    const api = fakeApi();
    api.seed(operatorConditions, { metadata: ref, ...{ spec: { conditions } } });
    return api;
  };

  it('is the condition in the spec that OLM reads', async () => {
    const api = seeded();
    await reportUpgradeable(api, ref, no, later);
    expect(api.objects(operatorConditions)[0]).toMatchObject({
      apiVersion: 'operators.coreos.com/v2',
      spec: { conditions: [{ type: 'Upgradeable', ...no, lastTransitionTime: '2026-01-01T01:00:00Z' }] },
    });
  });

  it('keeps the time of a transition that was none', async () => {
    const api = seeded([{ type: upgradeableType, ...no, lastTransitionTime: time }]);
    await reportUpgradeable(api, ref, { ...no, message: 'z' }, later);
    await reportUpgradeable(api, ref, yes, later);
    expect(api.writes).toHaveLength(2);
    expect(api.objects(operatorConditions)[0]).toMatchObject({
      spec: { conditions: [{ lastTransitionTime: '2026-01-01T01:00:00Z', ...yes }] },
    });
  });

  it('writes nothing that is there already', async () => {
    const api = seeded([{ type: upgradeableType, ...no, lastTransitionTime: time }]);
    await reportUpgradeable(api, ref, no, later);
    expect(api.writes).toEqual([]);
  });

  it('makes no object of its own', async () => {
    const api = fakeApi();
    await expect(reportUpgradeable(api, ref, no, later)).rejects.toThrow(
      'OperatorCondition operators/meltemi.v0.1.0 is not there; OLM has to make it',
    );
    expect(api.writes).toEqual([]);
  });
});

describe('the OperatorCondition', () => {
  it('follows the control planes, with one write for each change of the verdict', async () => {
    const api = fakeApi();
    api.seed(operatorConditions, { metadata: ref });
    const { controlPlanes: store } = testStores();
    let listener: ChangeListener<MeshControlPlane> | undefined;
    const onChange = (given: ChangeListener<MeshControlPlane>) => {
      listener = given;
      return () => (listener = undefined);
    };
    const stopping = new AbortController();
    const context = { client: api, ref, controlPlanes: { store, onChange }, now: () => new Date(0) };
    const running = keepOperatorCondition({ ...context, logger: recordingLogger() }, stopping.signal);
    const status = () => {
      const [object] = api.objects(operatorConditions);
      return object === undefined ? undefined : JSON.stringify(object).match(/"status":"(\w+)"/)?.[1];
    };
    const change = (phase: UpgradePhase): void => {
      const object = upgrading('shop', phase);
      const old = store.put(object);
      if (old === undefined) listener?.added?.(object);
      else listener?.updated?.(object, old);
    };
    await vi.waitFor(() => expect(status()).toBe('True'));
    change('Moving');
    await vi.waitFor(() => expect(status()).toBe('False'));
    change('Soaking');
    change('Completed');
    await vi.waitFor(() => expect(status()).toBe('True'));
    expect(api.writes).toEqual(Array(3).fill('apply OperatorCondition operators/meltemi.v0.1.0'));
    stopping.abort();
    await running;
    expect(listener).toBeUndefined();
  });
});
