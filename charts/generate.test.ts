import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderedChart } from './generate.ts';

describe('renderedChart', () => {
  it.each([...renderedChart()])('%s is fresh (`npm run generate`)', (path, text) => {
    expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(text);
  });
});
