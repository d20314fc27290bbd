import { expect, it } from 'vitest';
import { parsePodInfo } from './pod-info.ts';

it('reads labels as the downward API writes them', () => {
  const text = String.raw`app="front"
app.kubernetes.io/name="front=1"
note="a \"quoted\" line\nand \\ more \u00e9"
`;
  expect(parsePodInfo(text)).toEqual({
    app: 'front',
    'app.kubernetes.io/name': 'front=1',
    note: 'a "quoted" line\nand \\ more é',
  });
  expect(parsePodInfo('')).toEqual({});
});
