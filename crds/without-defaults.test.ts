import { describe, expect, it } from 'vitest';
import { applyDefaults } from './defaults.ts';
import { meshControlPlane } from './mesh-control-plane.ts';
import { array, boolean, integer, map, object, string, withDefault } from './schema.ts';
import { withoutDefaults } from './without-defaults.ts';

const part = object('A part.', { size: withDefault(integer('Its size.'), 1), name: string('Its name.') });
const limits = withDefault(map('Limits.', string('A limit.')), { cpu: '1' });
const whole = object('A whole.', {
  part: withDefault(part, {}),
  large: withDefault(part, { size: 5 }),
  parts: withDefault(array('Parts.', part), []),
  on: withDefault(boolean('Whether it is on.'), true),
  limits,
});

describe('withoutDefaults', () => {
  it('leaves nothing of a value that has only defaults', () => {
    expect(withoutDefaults(whole, applyDefaults(whole, {}))).toEqual({});
    expect(withoutDefaults(meshControlPlane.spec, applyDefaults(meshControlPlane.spec, {}))).toEqual({});
  });

  it.each([
    [{ part: { size: 2 } }],
    [{ part: { name: 'a' } }],
    [{ parts: [{}, { size: 3 }] }],
    [{ on: false }],
    [{ limits: {} }],
    [{ large: { size: 2 } }],
    // Its own default is not that of its size.
    [{ large: {} }],
  ])('leaves of %j what cannot be filled in again', (value) => {
    const complete = applyDefaults(whole, value);
    expect(withoutDefaults(whole, complete)).toEqual(value);
    expect(applyDefaults(whole, withoutDefaults(whole, complete))).toEqual(complete);
  });

  it('is not changed by a property with a default that a later schema adds', () => {
    const later = object('A whole.', { on: withDefault(boolean('On.'), true), more: withDefault(integer('More.'), 3) });
    const earlier = object('A whole.', { on: withDefault(boolean('On.'), true) });
    const value = { on: false };
    expect(withoutDefaults(later, applyDefaults(later, value))).toEqual(
      withoutDefaults(earlier, applyDefaults(earlier, value)),
    );
  });

  it('leaves the input as it was', () => {
    const value = applyDefaults(whole, {});
    withoutDefaults(whole, value);
    expect(value).toEqual(applyDefaults(whole, {}));
  });
});
