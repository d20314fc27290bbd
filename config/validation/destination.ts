import type { Destination } from '../../crds/route-destination.ts';
import { isDnsLabel, isDnsNameOrWildcard } from '../syntax/names.ts';
import { checkPort } from './fields.ts';
import type { Problems } from './problem.ts';
import { error } from './problem.ts';

export function* checkDestination(destination: Destination | undefined, path: string): Problems {
  if (destination === undefined) return;
  const { host, subset, port } = destination;
  if (host === '') yield error(`${path}.host`, 'must name a service');
  else if (host === '*' || !isDnsNameOrWildcard(host)) yield error(`${path}.host`, `"${host}" is no host name`);
  if (subset !== undefined && subset !== '' && !isDnsLabel(subset)) {
    yield error(`${path}.subset`, `"${subset}" is no DNS label, as names of subsets are`);
  }
  if (port !== undefined) yield* checkPort(port.number ?? 0, `${path}.port.number`);
}
