import type { ResourceType } from '../envoy/type-urls.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Service } from '../model/service.ts';
import type { Proxy } from '../serve/proxy.ts';

/** An encoded resource, as far as debug pages read it. */
export interface DebugResource {
  readonly name: string;
  readonly version: string;
  /** The message's own bytes. */
  readonly value: Uint8Array;
}

/** One type's state on one stream. Empty texts: there has been none yet. */
export interface DebugSubscription {
  readonly nonceSent: string;
  readonly nonceAcked: string;
  readonly versionSent: string;
  readonly lastSentAt: Date | undefined;
  /** Envoy's words of the last rejection, until it accepts a response. */
  readonly lastError: string | undefined;
}

/** A proxy's stream, as far as debug pages read it. */
export interface DebugConnection {
  readonly id: string;
  readonly proxy: Proxy;
  readonly protocol: 'delta' | 'sotw';
  readonly connectedAt: Date;
  readonly subscriptions: ReadonlyMap<string, DebugSubscription>;
  /** What the proxy should have now, of what it is subscribed to. */
  resources(type: ResourceType): Iterable<DebugResource>;
}

/** A service and the endpoints that the registry knows of it. */
export interface DebugService extends Pick<Service, 'hostname' | 'namespace'> {
  readonly endpoints: readonly Endpoint[];
}

/** What the debug pages are made from. Nothing of it is changed. */
export interface DebugState {
  readonly connections: () => Iterable<DebugConnection>;
  readonly services: () => Iterable<DebugService>;
  readonly trustDomain: string;
}

/** By proxy; of several streams of one proxy the newest first. */
export function sortedConnections({ connections }: DebugState): DebugConnection[] {
  return [...connections()].reverse().sort((a, b) => {
    if (a.proxy.id !== b.proxy.id) return a.proxy.id < b.proxy.id ? -1 : 1;
    return b.connectedAt.getTime() - a.connectedAt.getTime();
  });
}

/** The newest stream of a proxy, which is named by `<pod>.<namespace>`, by its whole node id or by the stream's id. */
export function findConnection(state: DebugState, proxyId: string): DebugConnection | undefined {
  return sortedConnections(state).find(
    ({ id, proxy }) => proxyId === proxyName(proxy) || proxyId === proxy.id || proxyId === id,
  );
}

export function proxyName({ pod, namespace }: Proxy): string {
  return `${pod}.${namespace}`;
}
