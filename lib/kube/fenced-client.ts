import type { CallOptions, KubeClient } from './client.ts';
import type { LeadershipTerm } from './lease-term.ts';

/** As the client itself has it. */
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * The same client for the work of a leader. A write is refused by a `LeaseLostError` once another replica could lead, also
 * in the moment in which its bytes would go out, and what was sent is given up before that; every call ends when the
 * lease is lost. What is under way in the network then can still arrive: that is what the time between the renew deadline
 * and the lease's end is for.
 */
export function fencedClient(client: KubeClient, term: LeadershipTerm): KubeClient {
  const read = <O extends CallOptions>(options: O | undefined): O & CallOptions => ({
    // A caller's own signal is the narrower one.
    ...{ signal: term.lost },
    ...(options ?? ({} as O)),
  });
  const write = <O extends CallOptions>(options: O | undefined): O & CallOptions => {
    term.assertHeld();
    const timeoutMs = Math.min(options?.timeoutMs ?? DEFAULT_TIMEOUT_MS, term.remainingMs());
    return { ...read(options), timeoutMs, beforeSend: () => term.assertHeld() };
  };
  return {
    server: client.server,
    get: (resource, ref, options) => client.get(resource, ref, read(options)),
    list: (resource, options) => client.list(resource, read(options)),
    watch: (resource, options) => client.watch(resource, { signal: term.lost, ...options }),
    raw: (path, options) => client.raw(path, read(options)),
    close: () => client.close(),
    create: async (resource, object, options) => client.create(resource, object, write(options)),
    replace: async (resource, object, options) => client.replace(resource, object, write(options)),
    apply: async (resource, object, options) => client.apply(resource, object, { ...options, ...write(options) }),
    mergePatch: async (resource, ref, patch, options) => client.mergePatch(resource, ref, patch, write(options)),
    jsonPatch: async (resource, ref, patch, options) => client.jsonPatch(resource, ref, patch, write(options)),
    delete: async (resource, ref, options) => client.delete(resource, ref, write(options)),
  };
}
