import { describe, expect, it } from 'vitest';
import { FirstSyncs } from './first-syncs.ts';

describe('FirstSyncs', () => {
  it('has room for so many, and for another once one has left', () => {
    const syncs = new FirstSyncs(2);
    const leave = syncs.enter();
    expect(syncs.enter()).toBeDefined();
    expect(syncs.enter()).toBeUndefined();
    leave?.();
    expect(syncs.enter()).toBeDefined();
    expect(syncs.enter()).toBeUndefined();
  });

  it('counts one that leaves twice once', () => {
    const syncs = new FirstSyncs(2);
    const leave = syncs.enter();
    syncs.enter();
    leave?.();
    leave?.();
    expect(syncs.count).toBe(1);
  });
});
