import type { Registry } from '../../lib/metrics.ts';
import { gauge } from '../../lib/metrics.ts';

/** How large the mesh is, under Istio's names; looked at when metrics are read. */
export function publishMeshSize(
  registry: Registry,
  { services, virtualServices }: { readonly services: () => number; readonly virtualServices: () => number },
): void {
  gauge(registry, {
    name: 'pilot_services',
    help: 'Services of the mesh.',
    collect: (metric) => metric.set(services()),
  });
  gauge(registry, {
    name: 'pilot_virt_services',
    help: 'VirtualServices of the mesh.',
    collect: (metric) => metric.set(virtualServices()),
  });
}
