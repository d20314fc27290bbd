import { fromBinary } from '@bufbuild/protobuf';
import { recordingLogger } from '../../lib/logger.ts';
import { createRegistry } from '../../lib/metrics.ts';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { ResourceType } from '../envoy/type-urls.ts';
import { resourceTypeOf, typeUrls } from '../envoy/type-urls.ts';
import type { VisibleSets } from '../snapshot/snapshot-engine.ts';
import type { DiscoveryEvent } from './connection.ts';
import { Connection } from './connection.ts';
import type { Proxy } from './proxy.ts';
import { nothingVisible, visibleOf } from './resources.testing.ts';
import { ServeMetrics } from './serve-metrics.ts';

export type Protocol = 'delta' | 'sotw';
export type Visible = Record<ResourceType, VisibleSets>;

export interface SentResource {
  readonly name: string;
  readonly version: string;
  /** The resource's text without its name; empty for an assignment without endpoints. */
  readonly content: string;
}

/** A response as its client reads it. */
export interface Sent {
  readonly type: ResourceType;
  readonly nonce: string;
  readonly resources: readonly SentResource[];
  readonly removed: readonly string[];
}

const proxy: Proxy = {
  id: 'sidecar~10.1.0.1~web-1.shop~shop.svc',
  type: 'sidecar',
  addresses: ['10.1.0.1'],
  pod: 'web-1',
  namespace: 'shop',
  serviceAccount: 'web',
  labels: {},
  workload: 'web',
  version: '1',
  revision: '',
};

export function nothingVisibleOfAnyType(): Visible {
  return {
    cluster: nothingVisible(),
    endpoint: nothingVisible(),
    listener: nothingVisible(),
    route: nothingVisible(),
    virtualHost: nothingVisible(),
  };
}

/** A connection that shows `onSent` what it writes, at once. */
export function connect(
  protocol: Protocol,
  visible: Visible,
  onSent: (sent: Sent) => boolean,
  onFault: (error: unknown) => void = rethrow,
) {
  const logger = recordingLogger();
  const connection = new Connection({
    id: 'web-1.shop-1',
    proxy,
    protocol,
    visible: (type) => visible[type],
    write: (parts) => onSent(protocol === 'delta' ? readDelta(Buffer.concat(parts)) : readSotw(Buffer.concat(parts))),
    onFault,
    logger,
    metrics: new ServeMetrics(createRegistry({ processMetrics: false })),
  });
  const receive = (type: ResourceType, event: Partial<DiscoveryEvent>): void =>
    connection.receive({
      typeUrl: typeUrls[type],
      nonce: '',
      subscribe: [],
      unsubscribe: [],
      held: new Map(),
      ...event,
    });
  return { connection, logger, receive };
}

function rethrow(error: unknown): void {
  throw error;
}

/** A client at the other end of a connection, which sees what is written at once and answers when it is told to. */
export function client(protocol: Protocol, visible = nothingVisibleOfAnyType()) {
  const sent: Sent[] = [];
  const last = new Map<ResourceType, Sent>();
  let takesMore = true;
  const faults: unknown[] = [];
  const { connection, logger, receive } = connect(
    protocol,
    visible,
    (response) => {
      sent.push(response);
      last.set(response.type, response);
      return takesMore;
    },
    (error) => faults.push(error),
  );
  const see = (type: ResourceType, ...names: string[]): void => {
    visible[type] = visibleOf(type, names, visible[type]);
  };
  return {
    connection,
    logger,
    faults,
    receive,
    see,
    visible,
    fill: (takes: boolean) => (takesMore = takes),
    /** What a type looks like from now on; the connection is told. */
    change: (type: ResourceType, ...names: string[]): void => {
      see(type, ...names);
      connection.flush();
    },
    /** Answers the last response of a type; a state of the world names everything again. */
    ack: (type: ResourceType, names: readonly string[] = [], error?: string) =>
      receive(type, {
        nonce: last.get(type)?.nonce ?? '',
        subscribe: names,
        ...(error === undefined ? {} : { error }),
      }),
    /** The last response of a type. */
    last: (type: ResourceType) => last.get(type),
    /** What was written since the last look, as `type:names` and `type:-removed`. */
    look: () =>
      sent.splice(0).map(({ type, resources, removed }) => {
        const names = resources.map(({ name }) => name).sort();
        const gone = removed.map((name) => `-${name}`).sort();
        return `${type}:${[...names, ...gone].join(',')}`;
      }),
  };
}

/** The versions of what a client holds from an earlier connection, by name: `name` or `name=content`. */
export function holding(type: ResourceType, ...names: string[]): ReadonlyMap<string, string> {
  return new Map([...visibleOf(type, names).shared.values()].map(({ name, version }) => [name, version]));
}

function readDelta(bytes: Buffer): Sent {
  const { typeUrl, nonce, resources, removedResources } = fromBinary(DeltaDiscoveryResponseSchema, bytes);
  return {
    type: servedType(typeUrl),
    nonce,
    resources: resources.map(({ name, version, resource }) => ({
      name,
      version,
      content: read(resource?.value).content,
    })),
    removed: removedResources,
  };
}

function readSotw(bytes: Buffer): Sent {
  const { typeUrl, nonce, resources } = fromBinary(DiscoveryResponseSchema, bytes);
  const texts = resources.map(({ value }) => ({ version: '', ...read(value) }));
  return { type: servedType(typeUrl), nonce, resources: texts, removed: [] };
}

/** The test's resources are the text `<name> <content>`; an empty assignment holds its name alone. */
function read(value: Uint8Array = new Uint8Array()): { readonly name: string; readonly content: string } {
  const [, name = '', content = ''] = /([\w./:]+)(?: (.*))?/.exec(Buffer.from(value).toString('latin1')) ?? [];
  return { name, content };
}

function servedType(typeUrl: string): ResourceType {
  const type = resourceTypeOf(typeUrl);
  if (type === undefined) throw new Error(`a response of type ${typeUrl}`);
  return type;
}

/** A client that is in sync: a cluster, its endpoints, a listener and its route. */
export function synced(protocol: Protocol) {
  const it = client(protocol);
  it.see('cluster', 'a');
  it.see('endpoint', 'a');
  it.see('listener', 'l');
  it.see('route', '80');
  const wildcard = protocol === 'delta' ? ['*'] : [];
  it.receive('cluster', { subscribe: wildcard });
  it.ack('cluster');
  it.receive('endpoint', { subscribe: ['a'] });
  it.ack('endpoint', protocol === 'delta' ? [] : ['a']);
  it.receive('listener', { subscribe: wildcard });
  it.ack('listener');
  it.receive('route', { subscribe: ['80'] });
  it.ack('route', protocol === 'delta' ? [] : ['80']);
  it.look();
  return it;
}
