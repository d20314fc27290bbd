import type { DebugState } from './state.ts';
import { sortedConnections } from './state.ts';

/** Istio's `/debug/connections`, whose clients also carry the protocol here. */
export interface ConnectedClients {
  readonly totalClients: number;
  readonly clients?: readonly ConnectedClient[];
}

export interface ConnectedClient {
  readonly connectionId: string;
  /** RFC 3339. */
  readonly connectedAt: string;
  /** The pod's address, as the proxy says. */
  readonly address: string;
  readonly protocol: 'delta' | 'sotw';
}

/** The streams that are open now. */
export function connectedClients(state: DebugState): ConnectedClients {
  const clients = sortedConnections(state).map(({ id, connectedAt, proxy, protocol }) => ({
    connectionId: id,
    connectedAt: connectedAt.toISOString(),
    address: proxy.addresses[0] ?? '',
    protocol,
  }));
  return { totalClients: clients.length, ...(clients.length === 0 ? {} : { clients }) };
}
