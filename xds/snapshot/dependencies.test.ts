import { beforeEach, describe, expect, it } from 'vitest';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { Mesh, MeshChange } from '../model/mesh.ts';
import { MeshStore } from '../registry/mesh-store.ts';
import type { Dependent } from './dependencies.ts';
import { Dependencies } from './dependencies.ts';

const host = 'web.shop.svc.cluster.local';
let dependencies: Dependencies;

beforeEach(() => {
  dependencies = new Dependencies(new MeshStore(defaultMeshSettings));
});

/** Something that reads the mesh so. */
function reader(read: (mesh: Mesh) => void): Dependent {
  const dependent: Dependent = { reads: [] };
  read(dependencies.track(dependent));
  return dependent;
}

function isReader(dependent: Dependent, question: MeshChange['question'], about: string): boolean {
  return new Set(dependencies.readersOf({ question, about })).has(dependent);
}

describe('who has read what is another one now', () => {
  it.each<[MeshChange['question'], string, string, (mesh: Mesh) => void]>([
    ['service', host, 'other.example.com', (mesh) => mesh.service(host)],
    ['endpoints', host, 'other.example.com', (mesh) => mesh.endpoints(host)],
    ['service', host, 'web.shop.example.com', (mesh) => mesh.servicesMatching('*.svc.cluster.local')],
    ['virtualServices', host, 'other.example.com', (mesh) => mesh.virtualServices(host)],
    ['virtualServices', '*.svc.cluster.local', '*.example.com', (mesh) => mesh.virtualServices(host)],
    ['virtualServices', '*', '*.cluster.local.', (mesh) => mesh.virtualServices('*.svc.cluster.local')],
    ['destinationRules', host, 'other.example.com', (mesh) => mesh.destinationRules(host)],
    ['destinationRules', '*.svc.cluster.local', '*.example.com', (mesh) => mesh.destinationRules(host)],
    ['peerAuthentications', 'shop', 'other', (mesh) => mesh.peerAuthentications('shop')],
    ['peerAuthentications', 'istio-system', 'other', (mesh) => mesh.peerAuthentications('shop')],
    ['workload', '10.1.0.1', '10.1.0.2', (mesh) => mesh.workload('10.1.0.1')],
    ['hostsAt', '10.1.0.1', '10.1.0.2', (mesh) => mesh.hostsAt('10.1.0.1')],
    ['servicesSelecting', 'shop|app=web', 'other|app=web', (mesh) => mesh.servicesSelecting('shop', { app: 'web' })],
    ['servicesSelecting', 'shop|b=2', 'shop|b=1', (mesh) => mesh.servicesSelecting('shop', { a: '1', b: '2' })],
    ['locality', 'n1', 'n2', (mesh) => mesh.locality('n1')],
    ['clientTraits', '', 'never', (mesh) => mesh.clientTraits()],
  ])('is asked by %s about %s, not about %s', (question, about, elsewhere, read) => {
    const dependent = reader(read);
    expect(isReader(dependent, question, about)).toBe(true);
    expect(isReader(dependent, question, elsewhere)).toBe(false);
    const others = (['service', 'endpoints', 'virtualServices', 'destinationRules', 'hostsAt', 'workload'] as const)
      .filter((other) => other !== question)
      .filter((other) => isReader(dependent, other, about));
    expect(others).toEqual([]);
  });

  it('is every reader of the same, and nobody who did not read', () => {
    const readers = [reader((mesh) => mesh.service(host)), reader((mesh) => mesh.service(host))];
    reader((mesh) => mesh.endpoints(host));
    expect([...dependencies.readersOf({ question: 'service', about: host })]).toEqual(readers);
  });

  it('does not take a change of one host for one of the wildcards that cover it', () => {
    const dependent = reader((mesh) => mesh.virtualServices('*.cluster.local'));
    expect(isReader(dependent, 'virtualServices', host)).toBe(false);
  });

  it('is nobody for the settings, which everybody has to see to', () => {
    const dependent = reader((mesh) => mesh.service(host));
    expect(isReader(dependent, 'settings', '')).toBe(false);
  });
});

describe('a dependent', () => {
  it('forgets what it read before when it reads anew', () => {
    const dependent = reader((mesh) => mesh.service(host));
    dependencies.track(dependent).endpoints(host);
    expect(isReader(dependent, 'service', host)).toBe(false);
    expect(isReader(dependent, 'endpoints', host)).toBe(true);
  });

  it('reads nothing any more once it is forgotten, and leaves the others', () => {
    const dependent = reader((mesh) => [mesh.service(host), mesh.locality('n1')]);
    const other = reader((mesh) => mesh.service(host));
    dependencies.forget(dependent);
    expect(dependent.reads).toEqual([]);
    expect([...dependencies.readersOf({ question: 'service', about: host })]).toEqual([other]);
    expect([...dependencies.readersOf({ question: 'locality', about: 'n1' })]).toEqual([]);
  });

  it('is a reader once, however often it asks', () => {
    const dependent = reader((mesh) => [mesh.service(host), mesh.service(host)]);
    expect(dependent.reads).toHaveLength(1);
    expect([...dependencies.readersOf({ question: 'service', about: host })]).toEqual([dependent]);
  });

  it('can read again what it was the only reader of', () => {
    const dependent = reader((mesh) => mesh.service(host));
    dependencies.track(dependent).service(host);
    expect(isReader(dependent, 'service', host)).toBe(true);
    dependencies.forget(dependent);
    expect(isReader(dependent, 'service', host)).toBe(false);
  });

  it('is given the answers of the mesh', () => {
    const store = new MeshStore(defaultMeshSettings);
    dependencies = new Dependencies(store);
    store.setService({ metadata: { name: 'web', namespace: 'shop' }, spec: { clusterIP: '10.96.0.1' } });
    const mesh = dependencies.track({ reads: [] });
    expect(mesh.service(host)).toBe(store.service(host));
    expect(mesh.servicesMatching('*.cluster.local')).toEqual([store.service(host)]);
    expect(mesh.servicesAt('10.96.0.1')).toEqual([store.service(host)]);
    expect([mesh.settings, mesh.serviceFamilies]).toEqual([store.settings, store.serviceFamilies]);
  });
});
