import { describe, expect, it } from 'vitest';
import { counter, createRegistry, gauge, histogram, renderMetrics } from './metrics.ts';

describe('metrics', () => {
  it('are shared by name, so that components can be made twice', async () => {
    const registry = createRegistry({ processMetrics: false });
    const options = { name: 'things_total', help: 'Things.', labelNames: ['kind'] } as const;
    counter(registry, options).inc({ kind: 'a' });
    counter(registry, options).inc({ kind: 'a' });
    const { contentType, body } = await renderMetrics(registry);
    expect(contentType).toContain('text/plain');
    expect(body).toContain('things_total{kind="a"} 2');
  });

  it('are refused when the name is another type’s', () => {
    const registry = createRegistry({ processMetrics: false });
    gauge(registry, { name: 'x', help: 'X.' });
    expect(() => counter(registry, { name: 'x', help: 'X.' })).toThrow('metric x is already registered');
    expect(() => histogram(registry, { name: 'x', help: 'X.', buckets: [1] })).toThrow('is not a histogram');
  });

  it('hold those of the process by default', async () => {
    expect((await renderMetrics(createRegistry())).body).toContain('process_resident_memory_bytes');
  });
});
