import type { PeerAuthentication } from '../../crds/peer-authentication.ts';
import type { WorkloadSelector } from '../../crds/workload-selector.ts';
import { checkLabels } from './fields.ts';
import type { Problem, Problems } from './problem.ts';
import { error, warning } from './problem.ts';

/** Everything about a PeerAuthentication that cannot work. */
export function validatePeerAuthentication({ spec }: PeerAuthentication): readonly Problem[] {
  return [...checkSelector(spec.selector, 'spec.selector'), ...checkPorts(spec)];
}

export function* checkSelector(selector: WorkloadSelector | undefined, path: string): Problems {
  if (selector === undefined) return;
  yield* checkLabels(selector.matchLabels, `${path}.matchLabels`);
  if (Object.keys(selector.matchLabels ?? {}).length === 0) {
    yield warning(path, 'names no label, so that it selects every workload');
  }
}

function* checkPorts({ selector, portLevelMtls }: PeerAuthentication['spec']): Problems {
  if (portLevelMtls === undefined) return;
  const path = 'spec.portLevelMtls';
  if (Object.keys(selector?.matchLabels ?? {}).length === 0) {
    yield error(path, 'is only possible with labels in selector.matchLabels');
  }
  if (Object.keys(portLevelMtls).length === 0) yield error(path, 'must name at least one port');
  for (const port of Object.keys(portLevelMtls)) {
    if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535) {
      yield error(path, `"${port}" is no port from 1 to 65535`);
    }
  }
}
