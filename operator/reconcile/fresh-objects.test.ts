import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../lib/kube/object.ts';
import { FreshObjects } from './fresh-objects.ts';

const at = (resourceVersion: string, uid = 'u'): KubeObject => ({ metadata: { name: 'x', uid, resourceVersion } });

describe('FreshObjects', () => {
  it('prefers the answer of a write as long as the informer has what it was based on', () => {
    const fresh = new FreshObjects();
    fresh.remember(at('1'), at('2'));
    expect(fresh.latest(at('1'))).toEqual(at('2'));
    expect(fresh.latest(at('2'))).toEqual(at('2'));
  });

  it('follows a chain of writes that the informer lags behind', () => {
    const fresh = new FreshObjects();
    fresh.remember(at('1'), at('2'));
    fresh.remember(at('2'), at('3'));
    expect([fresh.latest(at('1')), fresh.latest(at('2'))]).toEqual([at('3'), at('3')]);
  });

  it('gives way to what the informer brings after it, for good', () => {
    const fresh = new FreshObjects();
    fresh.remember(at('1'), at('2'));
    expect(fresh.latest(at('9'))).toEqual(at('9'));
    expect(fresh.latest(at('1'))).toEqual(at('1'));
  });

  it('does not take an object that was made anew for the one it knew', () => {
    const fresh = new FreshObjects();
    fresh.remember(at('1'), at('2', 'other'));
    expect(fresh.latest(at('1'))).toEqual(at('1'));
  });

  it('has nothing to remember of a write that changed nothing', () => {
    const fresh = new FreshObjects();
    fresh.remember(at('1'), at('1'));
    expect(fresh.latest(at('1'))).toEqual(at('1'));
  });
});
