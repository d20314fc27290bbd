import type { ResourceType } from '../envoy/type-urls.ts';
import { typeUrls } from '../envoy/type-urls.ts';
import type { DescMessage, JsonValue, MessageShape } from '@bufbuild/protobuf';
import { create, toJson } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Any } from '@bufbuild/protobuf/wkt';
import { anyPack, AnySchema } from '@bufbuild/protobuf/wkt';
import {
  ClustersConfigDump_DynamicClusterSchema,
  ClustersConfigDumpSchema,
  EndpointsConfigDump_DynamicEndpointConfigSchema,
  EndpointsConfigDumpSchema,
  ListenersConfigDump_DynamicListenerSchema,
  ListenersConfigDumpSchema,
  RoutesConfigDump_DynamicRouteConfigSchema,
  RoutesConfigDumpSchema,
} from '../envoy/gen/envoy/admin/v3/config_dump_shared_pb.js';
import { RouteConfigurationSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import { messageTypes } from './message-types.ts';
import type { DebugConnection, DebugResource } from './state.ts';

/** One of the messages that a ConfigDump (Envoy API, admin/v3/config_dump.proto) consists of. */
export interface DumpPart {
  /** The message without its resources, `@type` included. */
  readonly head: JsonValue;
  /** The name of the list of resources in the message's JSON. */
  readonly field: string;
  /** The resources one by one, each written when it is its turn. */
  entries(): Iterable<JsonValue>;
  /** The whole message. */
  pack(): Any;
}

/**
 * What a proxy should have, as Envoy's own `/config_dump` would show it: dynamic resources only. Endpoints are part of
 * it when they are asked for, as in Envoy. The version of a resource is the one that Envoy shows: under delta its own,
 * otherwise that of the last response.
 */
export function configDump(
  connection: DebugConnection,
  { includeEndpoints }: { readonly includeEndpoints: boolean },
): readonly DumpPart[] {
  return [
    clusters(connection),
    ...(includeEndpoints ? [endpoints(connection)] : []),
    listeners(connection),
    routes(connection),
  ];
}

/** The resources themselves, without what a ConfigDump says about each. */
export function* dumpedResources(connection: DebugConnection, types: Iterable<ResourceType>): Generator<JsonValue> {
  for (const type of types) {
    for (const resource of dumped(connection, type)) {
      yield toJson(AnySchema, anyOf(type, resource), { registry: messageTypes() });
    }
  }
}

function clusters(connection: DebugConnection): DumpPart {
  const entrySchema = ClustersConfigDump_DynamicClusterSchema;
  const entries = dumped(connection, 'cluster').map((it) =>
    create(entrySchema, { versionInfo: versionOf(connection, 'cluster', it), cluster: anyOf('cluster', it) }),
  );
  const head = create(ClustersConfigDumpSchema, { versionInfo: lastVersion(connection, 'cluster') });
  const whole = { ...head, dynamicActiveClusters: entries };
  return part({
    schema: ClustersConfigDumpSchema,
    head,
    whole,
    field: 'dynamicActiveClusters',
    entrySchema,
    entries,
  });
}

function listeners(connection: DebugConnection): DumpPart {
  const entrySchema = ListenersConfigDump_DynamicListenerSchema;
  const entries = dumped(connection, 'listener').map((it) =>
    create(entrySchema, {
      name: it.name,
      activeState: { versionInfo: versionOf(connection, 'listener', it), listener: anyOf('listener', it) },
    }),
  );
  const head = create(ListenersConfigDumpSchema, { versionInfo: lastVersion(connection, 'listener') });
  const whole = { ...head, dynamicListeners: entries };
  return part({ schema: ListenersConfigDumpSchema, head, whole, field: 'dynamicListeners', entrySchema, entries });
}

function routes(connection: DebugConnection): DumpPart {
  const entrySchema = RoutesConfigDump_DynamicRouteConfigSchema;
  const entries = dumped(connection, 'route').map((it) =>
    create(entrySchema, { versionInfo: versionOf(connection, 'route', it), routeConfig: anyOf('route', it) }),
  );
  const head = create(RoutesConfigDumpSchema);
  const whole = { ...head, dynamicRouteConfigs: entries };
  return part({ schema: RoutesConfigDumpSchema, head, whole, field: 'dynamicRouteConfigs', entrySchema, entries });
}

function endpoints(connection: DebugConnection): DumpPart {
  const entrySchema = EndpointsConfigDump_DynamicEndpointConfigSchema;
  const entries = dumped(connection, 'endpoint').map((it) =>
    create(entrySchema, {
      versionInfo: versionOf(connection, 'endpoint', it),
      endpointConfig: anyOf('endpoint', it),
    }),
  );
  const schema = EndpointsConfigDumpSchema;
  const head = create(schema);
  const whole = { ...head, dynamicEndpointConfigs: entries };
  return part({ schema, head, whole, field: 'dynamicEndpointConfigs', entrySchema, entries });
}

function part<Dump extends DescMessage, Entry extends DescMessage>(dump: {
  readonly schema: Dump;
  readonly head: MessageShape<Dump>;
  readonly whole: MessageShape<Dump>;
  readonly field: string;
  readonly entrySchema: Entry;
  readonly entries: readonly MessageShape<Entry>[];
}): DumpPart {
  const { schema, head, whole, field, entrySchema, entries } = dump;
  return {
    head: toJson(AnySchema, anyPack(schema, head), { registry: messageTypes() }),
    field,
    *entries() {
      const registry = messageTypes();
      for (const entry of entries) yield toJson(entrySchema, entry, { registry });
    },
    pack: () => anyPack(schema, whole),
  };
}

/** By name. Route configurations whose virtual hosts are resources of their own have them put in again, as Envoy has. */
function dumped(connection: DebugConnection, type: ResourceType): DebugResource[] {
  const found = byName(connection.resources(type));
  return type === 'route' ? withVirtualHosts(found, byName(connection.resources('virtualHost'))) : found;
}

function byName(resources: Iterable<DebugResource>): DebugResource[] {
  return [...resources].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A virtual host is named `<route configuration>/<host>:<port>` (Envoy docs, "Virtual Host Discovery Service"). */
function withVirtualHosts(routes: readonly DebugResource[], hosts: readonly DebugResource[]): DebugResource[] {
  const byRoute = Map.groupBy(hosts, ({ name }) => name.slice(0, Math.max(0, name.lastIndexOf('/'))));
  return routes.map((route) => {
    const own = byRoute.get(route.name);
    if (own === undefined) return route;
    // To append a repeated field to an encoded message is to add to it (Protocol Buffers encoding, "Last One Wins").
    const field = RouteConfigurationSchema.field.virtualHosts.number;
    const writer = new BinaryWriter();
    for (const { value } of own) writer.tag(field, WireType.LengthDelimited).bytes(value);
    return { ...route, value: Buffer.concat([route.value, writer.finish()]) };
  });
}

function anyOf(type: ResourceType, { value }: DebugResource): Any {
  return create(AnySchema, { typeUrl: typeUrls[type], value });
}

function versionOf(connection: DebugConnection, type: ResourceType, { version }: DebugResource): string {
  return connection.protocol === 'delta' ? version : lastVersion(connection, type);
}

function lastVersion({ subscriptions }: DebugConnection, type: ResourceType): string {
  return subscriptions.get(type)?.versionSent ?? '';
}
