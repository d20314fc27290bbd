import { carriesLabels } from './label-selector.ts';
import type { View } from './view.ts';

/** The gateway name that stands for all sidecars of the mesh. */
export const meshGateway = 'mesh';

/** The conditions of an HTTP, TLS or TCP match that hold or not for a client as a whole, before any request. */
export interface ClientConditions {
  readonly port?: number;
  readonly gateways?: readonly string[];
  readonly sourceLabels?: Readonly<Record<string, string>>;
  readonly sourceNamespace?: string;
}

/**
 * Whether a match is for the sidecars of a view that route a port. As in Istio, a match that names gateways is decided
 * by them alone; its source conditions are for sidecars otherwise.
 */
export function concernsClient(match: ClientConditions, view: View, port: number): boolean {
  if (match.port !== undefined && match.port !== 0 && match.port !== port) return false;
  if (match.gateways !== undefined && match.gateways.length > 0) return match.gateways.includes(meshGateway);
  if (match.sourceNamespace && match.sourceNamespace !== view.namespace) return false;
  return match.sourceLabels === undefined || carriesLabels(view.sourceLabels ?? {}, match.sourceLabels);
}

/** Whether some of the matches, or none being there at all, is for the sidecars of a view that route a port. */
export function someConcernsClient(matches: readonly ClientConditions[] | undefined, view: View, port: number) {
  if (matches === undefined || matches.length === 0) return true;
  return matches.some((match) => concernsClient(match, view, port));
}
