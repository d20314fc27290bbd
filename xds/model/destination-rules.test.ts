import { describe, expect, it } from 'vitest';
import type { DestinationRule } from '../../crds/destination-rule.ts';
import { aDestinationRule, aPort, aService } from './model-testing.ts';
import { clientLabelTests, destinationRulesFor, hostOf, mergeRules, trafficPolicyFor } from './destination-rules.ts';
import { hostnameMatches } from './hostname.ts';
import { defaultMeshSettings as settings } from './mesh-settings.ts';
import type { View } from './view.ts';

const service = aService({ name: 'web', namespace: 'shop' });

function rule(name: string, namespace: string, host: string, more: Partial<DestinationRule['spec']> = {}) {
  return aDestinationRule({ host, ...more }, { name, namespace });
}

/** The rule that holds, of those about the service. */
function ruleFor(rules: readonly DestinationRule[], view: View = { namespace: 'client' }) {
  const covering = rules.filter((it) => hostnameMatches(hostOf(it, settings), service.hostname));
  return mergeRules(destinationRulesFor(covering, settings, view, service));
}

function found(rules: readonly DestinationRule[], view?: View): string | undefined {
  return ruleFor(rules, view)?.metadata.name;
}

describe('destinationRulesFor', () => {
  const ofRoot = rule('root', 'istio-system', '*.local');
  const ofService = rule('service', 'shop', 'web');
  const ofClient = rule('client', 'client', 'web.shop.svc.cluster.local');

  it("asks the client's namespace, then the service's, then the root namespace", () => {
    expect(found([ofRoot, ofService, ofClient])).toBe('client');
    expect(found([ofRoot, ofService])).toBe('service');
    expect(found([ofRoot])).toBe('root');
  });

  it('ignores rules of any other namespace', () => {
    expect(found([rule('stranger', 'elsewhere', 'web.shop.svc.cluster.local')])).toBeUndefined();
  });

  it("completes a short host with the rule's own namespace", () => {
    expect(found([rule('short', 'client', 'web')])).toBeUndefined();
  });

  it('goes on to the next namespace where a rule is not exported to the client', () => {
    expect(found([ofRoot, rule('private', 'shop', 'web', { exportTo: ['.'] })])).toBe('root');
    expect(found([ofRoot, rule('shared', 'shop', 'web', { exportTo: ['client'] })])).toBe('shared');
  });

  it('takes the most specific host within a namespace', () => {
    const any = rule('any', 'shop', '*');
    const wildcard = rule('wildcard', 'shop', '*.shop.svc.cluster.local');
    expect(found([any, wildcard])).toBe('wildcard');
    expect(found([any, wildcard, ofService])).toBe('service');
  });

  it('holds a rule with a workload selector for the clients that it selects, before others', () => {
    const chosen = rule('chosen', 'client', 'web.shop.svc.cluster.local', {
      workloadSelector: { matchLabels: { app: 'a' } },
    });
    expect(found([ofClient, chosen])).toBe('client');
    expect(found([ofClient, chosen], { namespace: 'client', sourceLabels: { app: 'a' } })).toBe('chosen');
    expect(found([chosen], { namespace: 'other', sourceLabels: { app: 'a' } })).toBeUndefined();
  });

  it('merges rules of one host: the older policy, the subsets of both', () => {
    const older = rule('older', 'shop', 'web', { subsets: [{ name: 'v1', labels: { version: '1' } }] });
    const younger = rule('younger', 'shop', 'web', {
      subsets: [
        { name: 'v1', labels: { version: 'other' } },
        { name: 'v2', labels: { version: '2' } },
      ],
      trafficPolicy: { loadBalancer: { simple: 'RANDOM' } },
    });
    const merged = ruleFor([older, younger]);
    expect(merged?.metadata.name).toBe('older');
    expect(merged?.spec.trafficPolicy).toEqual({ loadBalancer: { simple: 'RANDOM' } });
    expect(merged?.spec.subsets).toEqual([
      { name: 'v1', labels: { version: '1' } },
      { name: 'v2', labels: { version: '2' } },
    ]);
  });
});

describe('mergeRules', () => {
  it('leaves one rule the object that it is, and makes nothing of none', () => {
    const only = rule('only', 'shop', 'web');
    expect(mergeRules([only])).toBe(only);
    expect(mergeRules([])).toBeUndefined();
  });
});

describe('hostOf', () => {
  it('is empty for a rule that has lost its host', () => {
    const { host: _gone, ...rest } = rule('bad', 'shop', 'web').spec;
    expect(hostOf({ ...rule('bad', 'shop', 'web'), spec: rest as DestinationRule['spec'] }, settings)).toBe('');
  });
});

describe('clientLabelTests', () => {
  it('are those that clients are selected by, and those compared with the labels of endpoints', () => {
    const failoverPriority = ['rack', 'row=7', 'app'];
    const trafficPolicy = { loadBalancer: { localityLbSetting: { failoverPriority } } };
    const workloadSelector = { matchLabels: { app: 'a' } };
    expect(clientLabelTests(rule('selecting', 'shop', 'web', { workloadSelector }))).toEqual(['app=a']);
    expect(clientLabelTests(rule('both', 'shop', 'web', { workloadSelector, trafficPolicy }))).toEqual([
      'app=a',
      'rack',
      'app',
    ]);
    const subsets = [{ name: 'v1', labels: {}, trafficPolicy }];
    expect(clientLabelTests(rule('subset', 'shop', 'web', { subsets }))).toEqual(['rack', 'app']);
    expect(clientLabelTests(rule('plain', 'shop', 'web'))).toEqual([]);
  });
});

describe('trafficPolicyFor', () => {
  const ofHost = { loadBalancer: { simple: 'RANDOM' }, tls: { mode: 'DISABLE' } } as const;

  it("takes a port's settings without inheriting from the host's", () => {
    const policy = { ...ofHost, portLevelSettings: [{ port: { number: 80 }, tls: { mode: 'SIMPLE' } }] } as const;
    const merged = trafficPolicyFor(aDestinationRule({ host: 'web', trafficPolicy: policy }), aPort('http', 80));
    expect(merged?.tls?.mode).toBe('SIMPLE');
    expect(merged?.loadBalancer).toBeUndefined();
  });

  it("replaces the host's groups of settings by those of the subset", () => {
    const subset = { name: 'v1', trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } } as const;
    const merged = trafficPolicyFor(aDestinationRule({ host: 'web', trafficPolicy: ofHost }), aPort(), subset);
    expect(merged?.loadBalancer?.simple).toBe('ROUND_ROBIN');
    expect(merged?.tls?.mode).toBe('DISABLE');
  });
});
