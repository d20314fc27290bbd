import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { render, runHelm } from './helm.testing.ts';

beforeAll(() => runHelm('version'), 600_000);

const page = readFileSync(new URL('../docs/guide/install.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);

describe('docs/guide/install.md', () => {
  it('shows values', () => {
    expect(blocks.length).toBeGreaterThan(4);
  });

  it.each(blocks)('shows values that the chart takes:\n%s', async (text) => {
    const values: unknown = load(text.replaceAll('sha256:…', `sha256:${'0'.repeat(64)}`));
    expect(typeof values).toBe('object');
    await expect(render(Object(values) as object)).resolves.not.toEqual([]);
  });
});
