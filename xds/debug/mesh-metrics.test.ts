import { expect, it } from 'vitest';
import { createRegistry, renderMetrics } from '../../lib/metrics.ts';
import { publishMeshSize } from './mesh-metrics.ts';

it('tells the size of the mesh as it is when metrics are read', async () => {
  const registry = createRegistry({ processMetrics: false });
  let services = 1;
  publishMeshSize(registry, { services: () => services, virtualServices: () => 2 });
  services = 3;
  const { body } = await renderMetrics(registry);
  expect(body).toContain('\npilot_services 3\n');
  expect(body).toContain('\npilot_virt_services 2\n');
});
