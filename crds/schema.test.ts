import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Infer, InferInput } from './schema.ts';
import {
  array,
  boolean,
  enumeration,
  integer,
  intOrString,
  map,
  nullable,
  object,
  preserving,
  required,
  string,
  withDefault,
} from './schema.ts';

describe('schema combinators', () => {
  const example = object(
    'An example.',
    {
      name: required(string('Its name.', { minLength: 1 })),
      size: withDefault(integer('Its size.'), 3),
      colour: enumeration('Its colour.', ['RED', 'GREEN']),
      on: nullable(boolean('Whether it is on.')),
      labels: map('Its labels.', string('A value.')),
      parts: array('Its parts.', object('A part.', { id: required(string('Its id.')) }), { mapKeys: ['id'] }),
    },
    { rules: [{ rule: 'self.size > 0' }] },
  );

  it('infers what readers get: required and defaulted properties are there, all is readonly', () => {
    expectTypeOf<Infer<typeof example>>().toEqualTypeOf<{
      readonly name: string;
      readonly size: number;
      readonly colour?: 'RED' | 'GREEN';
      readonly on?: boolean | null;
      readonly labels?: Readonly<Record<string, string>>;
      readonly parts?: readonly { readonly id: string }[];
    }>();
  });

  it('infers what users write: defaulted properties may be left out', () => {
    expectTypeOf<InferInput<typeof example>['size']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<InferInput<typeof example>['name']>().toEqualTypeOf<string>();
    expectTypeOf<{ name: string }>().toExtend<InferInput<typeof example>>();
  });

  it('refuses a default of another type', () => {
    // @ts-expect-error a string is not the size of anything
    withDefault(integer('Its size.'), 'big');
  });

  it('carries required, default, rules and list keys into OpenAPI', () => {
    expect(example.openapi).toMatchObject({
      type: 'object',
      description: 'An example.',
      required: ['name'],
      'x-kubernetes-validations': [{ rule: 'self.size > 0' }],
      properties: {
        name: { type: 'string', minLength: 1 },
        size: { type: 'integer', default: 3 },
        colour: { type: 'string', enum: ['RED', 'GREEN'] },
        on: { type: 'boolean', nullable: true },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        parts: { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'] },
      },
    });
  });

  it('says at most one without CEL, for one group and for several', () => {
    const one = {
      oneOf: [{ not: { anyOf: [{ required: ['a'] }, { required: ['b'] }] } }, { required: ['a'] }, { required: ['b'] }],
    };
    const properties = { a: string('A.'), b: string('B.') };
    expect(object('', properties, { atMostOne: [['a', 'b']] }).openapi).toMatchObject(one);
    expect(
      object('', properties, {
        atMostOne: [
          ['a', 'b'],
          ['a', 'b'],
        ],
      }).openapi,
    ).toMatchObject({ allOf: [one, one] });
  });

  it('has no type of its own for IntOrString, and keeps unknown fields where told', () => {
    expect(intOrString('A port.').openapi).toEqual({
      description: 'A port.',
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      'x-kubernetes-int-or-string': true,
    });
    expect(preserving('Anything.').openapi).toMatchObject({ 'x-kubernetes-preserve-unknown-fields': true });
  });
});
