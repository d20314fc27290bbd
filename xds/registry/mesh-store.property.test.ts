import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { MeshChange } from '../model/mesh.ts';
import type { MeshAnswer, Subjects } from './mesh-answers.testing.ts';
import { addSubjects, answersOf, subjectsOf } from './mesh-answers.testing.ts';
import type { MeshChangeStep } from './mesh-change-step.testing.ts';
import { namespaces, serviceNames } from './mesh-change-step.testing.ts';
import { happen, meshChange } from './mesh-changes.testing.ts';
import { MeshStore } from './mesh-store.ts';

const changesOfMesh = fc.array(meshChange, { maxLength: 60, size: 'max' });

function newSubjects(): Subjects {
  const labels = [{}, { app: 'x' }, { app: 'y', version: 'v1' }, { version: 'v1', other: '1' }];
  return subjectsOf(namespaces, serviceNames, labels);
}

function valuesOf(store: MeshStore, subjects: Subjects): object {
  const answers = [...answersOf(store, subjects)].map(([name, { value }]) => [name, value] as const);
  return { answers: Object.fromEntries(answers), hosts: [...store.hosts()].sort(), counts: countsOf(store) };
}

function countsOf(store: MeshStore): object {
  return { services: store.serviceCount, rules: store.virtualServiceCount, workloads: store.workloadCount };
}

it('gives the same answers after any way to the same objects', () => {
  const seeds = fc.array(fc.nat(), { minLength: 70, maxLength: 70 });
  fc.assert(
    fc.property(changesOfMesh, seeds, (changes, ranks) => {
      const store = new MeshStore(defaultMeshSettings);
      const subjects = newSubjects();
      const present = new Map<string, MeshChangeStep>();
      for (const change of changes) {
        happen(store, present, change);
        addSubjects(subjects, store);
      }
      const shuffled = [...present.values()]
        .map((step, position) => ({ step, rank: ranks[position] ?? 0 }))
        .sort((a, b) => a.rank - b.rank);
      const fresh = new MeshStore(defaultMeshSettings);
      for (const { step } of shuffled) step.put(fresh);
      expect(valuesOf(store, subjects)).toEqual(valuesOf(fresh, subjects));
    }),
    { numRuns: 300 },
  );
});

it('is empty again once everything is deleted', () => {
  fc.assert(
    fc.property(changesOfMesh, (changes) => {
      const store = new MeshStore(defaultMeshSettings);
      const subjects = newSubjects();
      const present = new Map<string, MeshChangeStep>();
      for (const change of changes) {
        happen(store, present, change);
        addSubjects(subjects, store);
      }
      for (const step of present.values()) step.remove?.(store);
      const empty = new MeshStore(store.settings);
      expect(valuesOf(store, subjects)).toEqual(valuesOf(empty, subjects));
    }),
    { numRuns: 150 },
  );
});

/** Questions whose answer is another one without a word of it, or that lost their objects without a reason. */
function untold(
  before: ReadonlyMap<string, MeshAnswer>,
  after: ReadonlyMap<string, MeshAnswer>,
  changes: readonly MeshChange[],
): readonly string[] {
  return [...after].flatMap(([name, answer]) => {
    if (answer.isToldOfBy(changes)) return [];
    const known = before.get(name);
    if (JSON.stringify(known?.value) !== JSON.stringify(answer.value)) return [`${name} has changed`];
    const isSame = answer.parts.every((part, position) => known?.parts[position] === part);
    return isSame ? [] : [`${name} has become another object`];
  });
}

it('tells of every answer that changes, and keeps the objects of those that it does not tell of', () => {
  fc.assert(
    fc.property(changesOfMesh, (changes) => {
      const told: MeshChange[] = [];
      const store = new MeshStore(defaultMeshSettings);
      store.onChange((change) => told.push(change));
      // Every subject is known from the start: whoever asks, asks before and after.
      const rehearsal = new MeshStore(defaultMeshSettings);
      const subjects = newSubjects();
      for (const change of changes) {
        happen(rehearsal, new Map(), change);
        addSubjects(subjects, rehearsal);
      }
      const present = new Map<string, MeshChangeStep>();
      let before = answersOf(store, subjects);
      for (const change of changes) {
        told.length = 0;
        happen(store, present, change);
        const after = answersOf(store, subjects);
        expect(untold(before, after, told)).toEqual([]);
        before = after;
      }
    }),
    { numRuns: 100 },
  );
}, 60_000);
