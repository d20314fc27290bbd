import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EncodedResource } from '../snapshot/resource.ts';
import { Rejections } from './rejections.ts';
import { resource } from './resources.testing.ts';

const host = (name: string, content?: string) => resource('virtualHost', name, content);
const some = (...names: string[]) => names.map((name) => host(name));
const letters = (count: number) =>
  Array.from({ length: count }, (_, position) => `80/host-${String.fromCharCode(97 + position)}`);

/** Sends a response to a client that rejects what `isBad`, and all that follows from it. */
function play(
  resources: readonly EncodedResource[],
  removed: readonly string[],
  isBad: (resource: EncodedResource) => boolean,
  describeError: (bad: readonly EncodedResource[]) => string = () => 'missing ): (',
) {
  const rejections = new Rejections();
  const now = new Map(resources.map((it) => [it.name, it]));
  const accepted: string[] = [];
  const accused: string[] = [];
  let responses = 0;
  let response: { resources: readonly EncodedResource[]; removed: readonly string[] } | undefined = {
    resources,
    removed,
  };
  while (response !== undefined) {
    responses++;
    rejections.forget(response);
    const bad = response.resources.filter(isBad);
    if (bad.length === 0)
      accepted.push(...response.resources.map(({ name }) => name), ...response.removed.map((name) => `-${name}`));
    else accused.push(...rejections.add(response, describeError(bad)).map(({ name }) => name));
    response = rejections.next((name) => now.get(name));
  }
  return { rejections, accepted: accepted.sort(), accused: accused.sort(), responses };
}

describe('rejections', () => {
  it('of one resource tell that it is that one, and why', () => {
    const rejections = new Rejections();
    expect(rejections.add({ resources: some('80/a'), removed: [] }, 'no domains')).toEqual(some('80/a'));
    expect(rejections).toMatchObject({ lastError: 'no domains', hasRetries: false });
    expect(rejections.next(() => host('80/a'))).toBeUndefined();
    rejections.forget({ resources: some('80/b'), removed: ['80/c'] });
    expect(rejections.lastError).toBe('no domains');
    rejections.forget({ resources: [host('80/a', 'v2')], removed: [] });
    expect(rejections.lastError).toBeUndefined();
  });

  it('tell the words of the last that still holds', () => {
    const rejections = new Rejections();
    for (const [name, error] of [
      ['80/a', 'first'],
      ['80/b', 'second'],
      ['80/a', 'third'],
    ] as const) {
      rejections.add({ resources: some(name), removed: [] }, error);
    }
    expect(rejections.lastError).toBe('third');
    rejections.forget({ resources: [], removed: ['80/a'] });
    expect(rejections.lastError).toBe('second');
  });

  it('of many find the bad one by halves, while all others and all removals are sent anew', () => {
    const resources = some(...letters(8));
    const { accepted, accused, responses } = play(resources, ['80/gone'], ({ name }) => name === '80/host-e');
    expect(accused).toEqual(['80/host-e']);
    expect(accepted).toEqual(['-80/gone', ...letters(8).filter((name) => name !== '80/host-e')].sort());
    // Of 8: one with all, one of removals, then two for each of three halvings.
    expect(responses).toBe(8);
  });

  it('of many that name the bad one find it at once', () => {
    const telling = (bad: readonly EncodedResource[]) =>
      `${bad.map(({ name }) => `name: "${name}"`).join()}: no domains`;
    const { accepted, accused, responses } = play(
      some(...letters(26)),
      [],
      ({ name }) => name === '80/host-q',
      telling,
    );
    expect(accused).toEqual(['80/host-q']);
    expect(accepted).toHaveLength(25);
    expect(responses).toBe(3);
  });

  it('are found by halves all the same where the message names the wrong one', () => {
    const { accepted, accused } = play(
      some(...letters(9)),
      [],
      ({ name }) => name === '80/host-c',
      () => 'not like 80/host-a',
    );
    expect(accused).toEqual(['80/host-c']);
    expect(accepted).toHaveLength(8);
  });

  it('of removals alone accuse nothing and have nothing sent again', () => {
    const rejections = new Rejections();
    expect(rejections.add({ resources: [], removed: ['80/a'] }, 'no')).toEqual([]);
    expect(rejections.hasRetries).toBe(false);
  });

  it('have the parts sent in their newest state, without what is gone or known to be bad, and what came back is not removed', () => {
    const rejections = new Rejections();
    rejections.add({ resources: some('80/a', '80/b', '80/c', '80/d'), removed: ['80/gone', '80/back'] }, 'no');
    rejections.add({ resources: some('80/d'), removed: [] }, 'no');
    const now = new Map([host('80/a', 'v2'), host('80/d'), host('80/back')].map((it) => [it.name, it]));
    const find = (name: string) => now.get(name);
    expect(rejections.next(find)).toEqual({ resources: [], removed: ['80/gone'] });
    expect(rejections.next(find)).toEqual({ resources: [host('80/a', 'v2')], removed: [] });
    expect(rejections.next(find)).toBeUndefined();
    expect(rejections.hasRetries).toBe(false);
  });

  it('never go on without end, and have all that is good accepted', () => {
    const names = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(names, fc.integer(), fc.boolean(), fc.boolean(), (count, mask, hasRemoved, isTelling) => {
        const all = letters(count);
        const bad = all.filter((_, position) => (mask >> position) & 1);
        const removed = hasRemoved ? ['80/gone'] : [];
        const error = (some: readonly EncodedResource[]) => (isTelling ? some.map(({ name }) => name).join() : 'no');
        const { accepted, accused, responses } = play(some(...all), removed, ({ name }) => bad.includes(name), error);
        expect(accused).toEqual(bad);
        expect(accepted).toEqual(
          [...removed.map((name) => `-${name}`), ...all.filter((name) => !bad.includes(name))].sort(),
        );
        expect(responses).toBeLessThanOrEqual(2 * (count + removed.length));
      }),
      { numRuns: 300 },
    );
  });
});
