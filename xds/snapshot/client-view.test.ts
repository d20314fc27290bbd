import { beforeEach, describe, expect, it } from 'vitest';
import type { DestinationRuleSpec } from '../../crds/destination-rule.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import { aDestinationRule } from '../model/model-testing.ts';
import type { Workload } from '../model/workload.ts';
import { MeshStore } from '../registry/mesh-store.ts';
import { viewOf } from './client-view.ts';

const client: Workload = {
  name: 'client',
  pod: 'client-1',
  namespace: 'default',
  serviceAccount: 'default',
  addresses: ['10.244.0.9'],
  labels: { app: 'client', rack: 'r1' },
  containerPorts: [],
  node: 'n1',
};
const eu = { region: 'eu', zone: 'eu-a' };
let store: MeshStore;

beforeEach(() => {
  store = new MeshStore(defaultMeshSettings);
  const labels = { 'topology.kubernetes.io/region': 'eu', 'topology.kubernetes.io/zone': 'eu-a' };
  store.setNode({ metadata: { name: 'n1', labels } });
});

function viewWith(spec: Partial<DestinationRuleSpec>, workload = client) {
  store.setRule('DestinationRule', aDestinationRule({ host: 'web', ...spec }, { namespace: 'other' }));
  return viewOf(store, workload);
}

describe('viewOf', () => {
  it('is shared by a namespace as long as no rule tells its clients apart', () => {
    expect(viewOf(store, client)).toEqual({ namespace: 'default' });
    expect(viewWith({ subsets: [{ name: 'v1', labels: { version: 'v1' } }] })).toEqual({ namespace: 'default' });
  });

  it('has the place of the client where a visible rule goes by it', () => {
    const trafficPolicy = { outlierDetection: {} };
    expect(viewWith({ trafficPolicy })).toEqual({ namespace: 'default', locality: eu });
    expect(viewWith({ subsets: [{ name: 'v1', trafficPolicy }] })).toEqual({ namespace: 'default', locality: eu });
    expect(viewWith({ trafficPolicy, exportTo: ['.'] })).toEqual({ namespace: 'default' });
    expect(viewWith({ trafficPolicy }, { ...client, node: 'unknown' })).toEqual({ namespace: 'default' });
  });

  it('has the labels that rules compare with those of endpoints', () => {
    const localityLbSetting = { failoverPriority: ['rack', 'row=7'] };
    const trafficPolicy = { outlierDetection: {}, loadBalancer: { localityLbSetting } };
    expect(viewWith({ trafficPolicy })).toEqual({
      namespace: 'default',
      sourceLabels: { rack: 'r1' },
      locality: eu,
    });
  });

  it('is that of the namespace for clients whose labels no rule asks for, whatever others are asked for', () => {
    expect(viewWith({ workloadSelector: { matchLabels: { app: 'other' } } })).toEqual({ namespace: 'default' });
  });

  it('has no label that the client does not carry, and none that no rule asks for', () => {
    const workloadSelector = { matchLabels: { app: 'client', tier: 'front' } };
    expect(viewWith({ workloadSelector })).toEqual({ namespace: 'default', sourceLabels: { app: 'client' } });
    store.deleteRule('DestinationRule', { name: 'rule', namespace: 'other' });
    expect(viewOf(store, client)).toEqual({ namespace: 'default' });
  });
});
