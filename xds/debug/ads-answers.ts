import { create, toBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { anyPack, AnySchema } from '@bufbuild/protobuf/wkt';
import type { DebugState } from './state.ts';
import { findConnection } from './state.ts';

const debugType = 'istio.io/debug';
const synczType = `${debugType}/syncz`;
const configDumpType = `${debugType}/config_dump`;

/** A request of the kind that istioctl makes over ADS, state of the world (Istio, pilot/pkg/xds/statusgen.go). */
export interface DebugRequest {
  readonly typeUrl: string;
  readonly resourceNames: readonly string[];
}

/** The replica that answers, as istioctl shows it. */
export interface Replica {
  readonly pod: string;
  readonly version: string;
}

export function isDebugType(typeUrl: string): boolean {
  return typeUrl === debugType || typeUrl.startsWith(`${debugType}/`);
}

/**
 * The encoded DiscoveryResponse to a debug request: `istio.io/debug/syncz` for the state of all proxies,
 * `istio.io/debug/config_dump` for what the one proxy that is named should have, `istio.io/debug` for the debug page
 * that is named, e.g. `connections`. It is not acknowledged by the client. Whether the caller may ask is not decided here.
 */
export async function debugResponse(state: DebugState, request: DebugRequest, replica: Replica): Promise<Uint8Array> {
  // Messages that nothing else needs are loaded by who asks first.
  const { DiscoveryResponseSchema } = await import('../envoy/gen/envoy/service/discovery/v3/discovery_pb.js');
  const identifier = { Component: 'istiod', ID: replica.pod, Info: { version: replica.version } };
  const response = create(DiscoveryResponseSchema, {
    typeUrl: request.typeUrl,
    nonce: 'debug',
    controlPlane: { identifier: JSON.stringify(identifier) },
    resources: await debugResources(state, request),
  });
  return toBinary(DiscoveryResponseSchema, response);
}

async function debugResources(state: DebugState, { typeUrl, resourceNames }: DebugRequest): Promise<Any[]> {
  if (typeUrl === synczType) {
    const [{ clientConfigs }, { ClientConfigSchema }] = await Promise.all([
      import('./client-configs.ts'),
      import('../envoy/gen/envoy/service/status/v3/csds_pb.js'),
    ]);
    return clientConfigs(state).map((config) => anyPack(ClientConfigSchema, config));
  }
  const [name, ...more] = resourceNames;
  if (name === undefined || more.length > 0) return [text(typeUrl, 'exactly one name is wanted')];
  if (typeUrl === debugType) return [await page(state, name)];
  if (typeUrl !== configDumpType) return [text(typeUrl, `there is no debug type ${typeUrl}`)];
  const connection = findConnection(state, name);
  // istioctl asks the next replica when it reads this.
  if (connection === undefined) return [text(typeUrl, notConnected)];
  const { configDump } = await import('./config-dump.ts');
  return configDump(connection, { includeEndpoints: false }).map((part) => part.pack());
}

const notConnected = 'Proxy not connected to this Pilot instance. It may be connected to another instance.';

async function page(state: DebugState, name: string): Promise<Any> {
  const { debugPage } = await import('./pages.ts');
  const url = new URL(name, 'http://localhost/');
  const { body } = await debugPage(state, url.pathname.slice(1), url.searchParams);
  return create(AnySchema, { typeUrl: debugType, value: Buffer.from(body) });
}

function text(typeUrl: string, message: string): Any {
  return create(AnySchema, { typeUrl, value: Buffer.from(message) });
}
