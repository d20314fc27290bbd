import type { Logger } from '../../lib/logger.ts';
import type { CallHandler, ServerCall, StreamMethods } from '../grpc/stream-server.ts';
import {
  decodeDeltaSecretRequest,
  decodeSecretRequest,
  encodeDeltaSecretResponse,
  encodeSecretResponse,
} from '../wire/discovery.ts';
import type { NamedSecret } from '../wire/discovery.ts';
import type { SecretStore } from './secret-store.ts';

const service = '/envoy.service.secret.v3.SecretDiscoveryService';

/** Is told of each name that Envoy asks for, before the store is. */
type Wanted = (name: string) => void;

/** Envoy's secret discovery service over a store (Envoy xDS protocol, state of the world and delta). */
export function secretStreams(store: SecretStore, log: Logger, wanted: Wanted = () => undefined): StreamMethods {
  return new Map([
    [`${service}/StreamSecrets`, (call) => stateOfTheWorld(call, store, log, wanted)],
    [`${service}/DeltaSecrets`, (call) => delta(call, store, log, wanted)],
  ]);
}

function stateOfTheWorld(call: ServerCall, store: SecretStore, log: Logger, wanted: Wanted): CallHandler {
  let names: readonly string[] = [];
  let sent = '';
  let nonce = 0;
  const send = (): void => {
    const secrets = present(store, names);
    const version = secrets.map((secret) => `${secret.name}=${secret.version}`).join(',');
    // A secret that is not there yet is sent when it comes; an answer without it would mean that there is none.
    if (secrets.length === 0 || version === sent) return;
    sent = version;
    call.send(encodeSecretResponse(version, String(++nonce), secrets));
  };
  const listening = store.listen((name) => {
    if (names.includes(name)) send();
  });
  return {
    message: (bytes) => {
      const request = decodeSecretRequest(bytes);
      if (request.error !== undefined)
        log.warn('Envoy refused secrets', { names: request.names, error: request.error });
      // An answer to an older response; the one to the newest is still to come.
      if (request.nonce !== '' && request.nonce !== String(nonce)) return;
      request.names.forEach(wanted);
      names = request.names;
      send();
    },
    closed: () => listening.stop(),
  };
}

function delta(call: ServerCall, store: SecretStore, log: Logger, wanted: Wanted): CallHandler {
  /** Versions that Envoy holds, by name; an empty one for a secret that it has not got. */
  const versions = new Map<string, string>();
  let nonce = 0;
  const send = (names: Iterable<string>): void => {
    const changed = present(store, names).filter((secret) => versions.get(secret.name) !== secret.version);
    if (changed.length === 0) return;
    for (const secret of changed) versions.set(secret.name, secret.version);
    call.send(encodeDeltaSecretResponse(String(++nonce), changed));
  };
  const listening = store.listen((name) => {
    if (versions.has(name)) send([name]);
  });
  return {
    message: (bytes) => {
      const request = decodeDeltaSecretRequest(bytes);
      if (request.error !== undefined) log.warn('Envoy refused secrets', { error: request.error });
      request.subscribe.forEach(wanted);
      for (const name of request.unsubscribe) versions.delete(name);
      for (const name of request.subscribe) versions.set(name, request.held.get(name) ?? '');
      send(request.subscribe);
    },
    closed: () => listening.stop(),
  };
}

function present(store: SecretStore, names: Iterable<string>): readonly NamedSecret[] {
  return [...names].flatMap((name) => store.get(name) ?? []);
}
