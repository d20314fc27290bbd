import { describe, expect, it } from 'vitest';
import { formatKey, keyOf, parseKey } from './object.ts';

describe('keys', () => {
  it.each([
    [{ namespace: 'default', name: 'web' }, 'default/web'],
    [{ name: 'node-1' }, 'node-1'],
  ])('are read as they are written: %j', (ref, key) => {
    expect(keyOf({ metadata: ref })).toBe(key);
    expect(parseKey(key)).toEqual(ref);
  });

  it('take an empty namespace for none', () => {
    expect(formatKey('', 'x')).toBe('x');
  });
});
