import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { MeshChangeStep } from './mesh-changes.testing.ts';
import { happen, meshChange } from './mesh-changes.testing.ts';
import { MeshStore } from './mesh-store.ts';

/** All that translation can read of a mesh. */
function contentOf(store: MeshStore): object {
  const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  const addresses = [...store.endpoints.values()].flat().map(({ address }) => address);
  return {
    settings: store.settings,
    services: sorted(store.services),
    endpoints: sorted(store.endpoints),
    workloads: sorted(store.workloads),
    hostsAt: [...new Set(addresses)].sort().map((address) => [address, store.hostsAt(address)]),
    virtualServices: store.virtualServices,
    destinationRules: store.destinationRules,
    peerAuthentications: store.peerAuthentications,
  };
}

it('holds the same after any way to the same objects', () => {
  const seeds = fc.array(fc.nat(), { minLength: 70, maxLength: 70 });
  fc.assert(
    fc.property(fc.array(meshChange, { maxLength: 60, size: 'max' }), seeds, (changes, ranks) => {
      const store = new MeshStore(defaultMeshSettings);
      const present = new Map<string, MeshChangeStep>();
      for (const change of changes) happen(store, present, change);
      const shuffled = [...present.values()]
        .map((step, position) => ({ step, rank: ranks[position] ?? 0 }))
        .sort((a, b) => a.rank - b.rank);
      const fresh = new MeshStore(defaultMeshSettings);
      for (const { step } of shuffled) step.put(fresh);
      expect(contentOf(store)).toEqual(contentOf(fresh));
    }),
    { numRuns: 400 },
  );
});

it('is empty again once everything is deleted', () => {
  fc.assert(
    fc.property(fc.array(meshChange, { maxLength: 60, size: 'max' }), (changes) => {
      const store = new MeshStore(defaultMeshSettings);
      const present = new Map<string, MeshChangeStep>();
      for (const change of changes) happen(store, present, change);
      for (const step of present.values()) step.remove?.(store);
      expect({ ...contentOf(store), settings: undefined }).toEqual({
        ...contentOf(new MeshStore(defaultMeshSettings)),
        settings: undefined,
      });
    }),
    { numRuns: 200 },
  );
});
