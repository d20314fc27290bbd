import { describe, expect, it } from 'vitest';
import { conforms, shapeProblems } from './conformance.ts';
import {
  array,
  boolean,
  enumeration,
  integer,
  intOrString,
  map,
  nullable,
  number,
  object,
  preserving,
  required,
  string,
} from './schema.ts';

const example = object('An example.', {
  name: required(string('Its name.')),
  colour: enumeration('Its colour.', ['RED', 'GREEN']),
  size: integer('Its size.'),
  share: number('Its share.'),
  on: nullable(boolean('Whether it is on.')),
  port: intOrString('Its port.'),
  labels: map('Its labels.', string('A value.')),
  parts: array('Its parts.', object('A part.', { id: required(string('Its id.')) })),
  any: preserving('Anything.'),
});
const problems = (value: unknown) =>
  shapeProblems(example.openapi, value, 'spec').map(({ path, message }) => `${path}: ${message}`);

describe('the shape of a value', () => {
  it.each([
    { name: 'a' },
    { name: 'a', colour: 'RED', size: 1, share: 0.5, on: null, port: 'http', labels: { a: 'b' }, parts: [{ id: 'a' }] },
    { name: 'a', port: 80, on: true, any: { deep: [1, null] }, unknown: 5 },
  ])('is right in %j', (value) => {
    expect(problems(value)).toEqual([]);
    expect(conforms(example, value)).toBe(true);
  });

  it.each([
    [null, 'spec: must be an object, is null'],
    [[], 'spec: must be an object, is a list'],
    [{}, 'spec.name: is required'],
    [{ name: 5 }, 'spec.name: must be a string, is of type number'],
    [{ name: 'a', colour: 'BLUE' }, 'spec.colour: must be one of RED, GREEN, is "BLUE"'],
    [{ name: 'a', size: 1.5 }, 'spec.size: must be an integer, is of type number'],
    [{ name: 'a', size: null }, 'spec.size: must be an integer, is null'],
    [{ name: 'a', share: '1' }, 'spec.share: must be a number, is of type string'],
    [{ name: 'a', on: 'yes' }, 'spec.on: must be a boolean, is of type string'],
    [{ name: 'a', port: true }, 'spec.port: must be an integer or a string, is of type boolean'],
    [{ name: 'a', labels: { a: 1 } }, 'spec.labels.a: must be a string, is of type number'],
    [{ name: 'a', labels: ['a'] }, 'spec.labels: must be an object, is a list'],
    [{ name: 'a', parts: {} }, 'spec.parts: must be a list, is of type object'],
    [{ name: 'a', parts: [{ id: 'a' }, {}] }, 'spec.parts[1].id: is required'],
  ])('is wrong in %j', (value, problem) => {
    expect(problems(value)).toEqual([problem]);
    expect(conforms(example, value)).toBe(false);
  });
});
