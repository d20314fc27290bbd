import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { RouteConfigurationSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import { aPort, aService } from '../model/model-testing.ts';
import type { Service } from '../model/service.ts';
import type { MeshLists } from '../registry/listed-mesh.testing.ts';
import { listedMesh } from '../registry/listed-mesh.testing.ts';
import { testVirtualService } from '../translate/route-testing.ts';
import { hostResources } from './host-resources.ts';
import type { ResourceSet } from './resource-set.ts';
import { SharedResults } from './shared-results.ts';
import { ViewSnapshot } from './view-snapshot.ts';
import { VisibleMesh } from './visible-mesh.ts';

const ipv4 = { ipv4: true, ipv6: false };

/** A snapshot that follows a mesh from one list of what there is to the next. */
function newSnapshot() {
  const snapshot = new ViewSnapshot({ settings: defaultMeshSettings, families: ipv4 });
  const shared = new SharedResults();
  const become = (lists: MeshLists): void => {
    const mesh = listedMesh(lists);
    for (const host of new Set([...snapshot.hosts(), ...mesh.hosts()])) {
      snapshot.update(host, hostResources(new VisibleMesh(mesh, { namespace: 'default' }, shared), host));
    }
    snapshot.finish();
  };
  return { snapshot, become };
}

function namesOf(set: ResourceSet): readonly string[] {
  return [...set.values()].map(({ name }) => name).sort();
}

const web = aService();
const other = aService({ name: 'other', addresses: ['10.96.0.11'] });
const forward = [{ route: [{ destination: { host: 'web' } }] }];

describe('what the sidecars of a view share', () => {
  it('comes and goes with the hosts that it is of', () => {
    const { snapshot, become } = newSnapshot();
    become({ services: [web, other] });
    expect(namesOf(snapshot.sets.cluster)).toHaveLength(2);
    become({ services: [other] });
    expect(namesOf(snapshot.sets.cluster)).toEqual(['outbound|80||other.default.svc.cluster.local']);
    expect(namesOf(snapshot.sets.endpoint)).toEqual(['outbound|80||other.default.svc.cluster.local']);
    become({});
    expect([...snapshot.hosts()]).toEqual([]);
    expect(Object.values(snapshot.sets).map(({ size }) => size)).toEqual([0, 0, 0, 0, 0]);
  });

  it('does not change where a host has what it had', () => {
    const { snapshot, become } = newSnapshot();
    become({ services: [web, other] });
    const { sequence } = snapshot;
    become({ services: [{ ...web }, other] });
    expect(snapshot.sequence).toBe(sequence);
    become({ services: [web, other], virtualServices: [testVirtualService('v', { hosts: ['web'], http: forward })] });
    expect(snapshot.sequence).toBe(sequence + 1);
  });

  it('has the listener and routes of an HTTP port for as long as some service has the port', () => {
    const { snapshot, become } = newSnapshot();
    const virtualServices = [testVirtualService('v', { hosts: ['www.example.com'], http: forward })];
    become({ services: [aService({ ports: [aPort('http', 81)] })], virtualServices });
    expect(namesOf(snapshot.sets.listener)).toEqual(['0.0.0.0_81']);
    expect(namesOf(snapshot.sets.virtualHost)).toEqual(['81/web.default.svc.cluster.local:81']);
    become({ services: [web, other], virtualServices });
    expect(namesOf(snapshot.sets.listener)).toEqual(['0.0.0.0_80']);
    expect(namesOf(snapshot.sets.route)).toEqual(['80']);
    const ofHost = '80/www.example.com:80';
    expect(namesOf(snapshot.sets.virtualHost)).toContain(ofHost);
    become({ services: [other], virtualServices });
    expect(namesOf(snapshot.sets.virtualHost)).toEqual(['80/other.default.svc.cluster.local:80', ofHost]);
    become({ virtualServices });
    expect([snapshot.sets.listener.size, snapshot.sets.route.size, snapshot.sets.virtualHost.size]).toEqual([0, 0, 0]);
  });

  it('gives up the listeners of one family for those of another', () => {
    const { snapshot, become } = newSnapshot();
    become({ services: [web] });
    snapshot.setPortSettings({ settings: defaultMeshSettings, families: { ipv4: false, ipv6: true } });
    snapshot.finish();
    expect(namesOf(snapshot.sets.listener)).toEqual(['[::]_80']);
  });
});

describe('an address and port of several services', () => {
  const claimant = (name: string, createdAt: string, over: Partial<Service> = {}) =>
    aService({ name, createdAt, ports: [aPort('tcp', 5432)], ...over });
  const old = claimant('z-old', '2025-01-01T00:00:00Z');
  const young = claimant('a-young', '2026-01-01T00:00:00Z');

  function objectsAt({ sets }: ViewSnapshot): readonly string[] | undefined {
    return sets.listener.get('10.96.0.10_5432')?.objects;
  }

  it('is the oldest one’s, whichever came first, and the next one’s when that goes', () => {
    for (const first of [old, young]) {
      const { snapshot, become } = newSnapshot();
      become({ services: [first] });
      become({ services: [old, young] });
      expect(objectsAt(snapshot)).toEqual(['Service/default/z-old']);
      expect([...snapshot.problems.problems()]).toMatchObject([{ object: 'Service/default/a-young' }]);
      become({ services: [young] });
      expect(objectsAt(snapshot)).toEqual(['Service/default/a-young']);
      expect(snapshot.problems.size).toBe(0);
      become({});
      expect(objectsAt(snapshot)).toBeUndefined();
    }
  });

  it('goes over to a service that takes it from another without a moment between', () => {
    const { snapshot, become } = newSnapshot();
    become({ services: [old] });
    become({ services: [claimant('z-old', old.createdAt, { addresses: ['10.96.0.12'] }), young] });
    expect(objectsAt(snapshot)).toEqual(['Service/default/a-young']);
    expect(namesOf(snapshot.sets.listener)).toEqual(['10.96.0.10_5432', '10.96.0.12_5432']);
  });
});

describe('whole route configurations', () => {
  const virtualServices = [testVirtualService('v', { hosts: ['web', 'www.example.com'], http: forward })];
  const sniffed = aService({ name: 'sniffed', addresses: ['10.96.0.13'], ports: [aPort('auto', 7000)] });

  it('are the same whether they were asked for before or after the changes', () => {
    const states: readonly MeshLists[] = [
      { services: [web, sniffed] },
      { services: [web, other], virtualServices },
      { services: [other, sniffed], virtualServices },
      { services: [], virtualServices },
      { services: [sniffed] },
    ];
    const kept = newSnapshot();
    expect(kept.snapshot.wholeRoutesIfKept).toBeUndefined();
    kept.snapshot.wholeRoutes();
    for (const state of states) {
      kept.become(state);
      const late = newSnapshot();
      late.become(state);
      expect(kept.snapshot.wholeRoutes().version).toBe(late.snapshot.wholeRoutes().version);
      expect(namesOf(kept.snapshot.wholeRoutes())).toEqual(namesOf(kept.snapshot.sets.route));
    }
  });

  it('name every object that they were made from', () => {
    const { snapshot, become } = newSnapshot();
    become({ services: [web, other], virtualServices });
    const whole = snapshot.wholeRoutes().get('80');
    expect([...(whole?.objects ?? [])].sort()).toEqual([
      'Service/default/other',
      'Service/default/web',
      'VirtualService/default/v',
    ]);
    const { virtualHosts } = fromBinary(RouteConfigurationSchema, whole?.value ?? new Uint8Array());
    expect(virtualHosts.map(({ name }) => name)).toEqual([
      '80/other.default.svc.cluster.local:80',
      '80/web.default.svc.cluster.local:80',
      '80/www.example.com:80',
      'allow_any',
    ]);
  });

  it('follow the settings of the mesh', () => {
    const { snapshot, become } = newSnapshot();
    snapshot.wholeRoutes();
    become({ services: [web] });
    const settings = { ...defaultMeshSettings, outboundTrafficPolicy: 'REGISTRY_ONLY' } as const;
    snapshot.setPortSettings({ settings, families: ipv4 });
    snapshot.finish();
    for (const set of [snapshot.sets.route, snapshot.wholeRoutes()]) {
      const { virtualHosts } = fromBinary(RouteConfigurationSchema, set.get('80')?.value ?? new Uint8Array());
      expect(virtualHosts.at(-1)?.name).toBe('block_all');
    }
  });
});
