import fc from 'fast-check';
import type { MeshStore } from './mesh-store.ts';

/** One thing that happens to a mesh. Objects come from small pools, so that they meet and replace each other. */
export interface MeshChangeStep {
  /** Kind, namespace and name: what a later step of the same key replaces. */
  readonly key: string;
  /** Puts the object into a store. */
  readonly put: (store: MeshStore) => void;
  /** Takes it out again; nothing for what can't be deleted. */
  readonly remove?: (store: MeshStore) => void;
}

export const namespaces = ['a', 'b', 'istio-system'] as const;
export const serviceNames = ['s0', 's1'] as const;
export const addresses = ['10.1.0.1', '10.1.0.2', '10.1.0.3', 'fd00::1'] as const;
export const apps = ['x', 'y'] as const;

export const metadata = fc.record({
  namespace: fc.constantFrom('a', 'a', 'b', 'b', 'istio-system'),
  creationTimestamp: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z'),
});
export const exportTo = fc.constantFrom(undefined, ['*'], ['.'], ['a'], ['~']);
export const namespaceIndex = (namespace: string): number => namespaces.findIndex((name) => name === namespace);

/** The fields that are not undefined, as JSON from the API server would have them. */
export function present<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return JSON.parse(JSON.stringify(fields)) as { [K in keyof T]: Exclude<T[K], undefined> };
}
