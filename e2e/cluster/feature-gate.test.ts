import { expect, it } from 'vitest';
import { parseFeatureGate } from './feature-gate.ts';

it('adds gates to those that there are', () => {
  expect(parseFeatureGate('B=false', parseFeatureGate('A=true', {}))).toEqual({ A: true, B: false });
});

it.each(['A', 'A=yes', '=true', 'A=true,B=true'])('refuses %j by name', (text) => {
  expect(() => parseFeatureGate(text, {})).toThrow(`"${text}"`);
});
