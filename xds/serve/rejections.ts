import type { EncodedResource } from '../snapshot/resource.ts';

/** A response, as far as it may be rejected. */
interface Response {
  readonly resources: readonly EncodedResource[];
  readonly removed: readonly string[];
}

/** Names to be sent by themselves. */
interface Retry {
  readonly names: readonly string[];
  readonly removed: readonly string[];
}

interface Rejection {
  readonly version: string;
  readonly error: string;
}

/**
 * What a client rejected, of types whose responses need not hold everything. A client may reject a whole response for
 * one resource in it, and need not say which (Envoy 1.40 does so for virtual hosts); then none of the others is in
 * force. So the parts of a rejected response are sent anew, half by half, until those that the client does not take stand
 * alone. These are not sent again before they change; the client keeps what it had of them.
 */
export class Rejections {
  readonly #rejected = new Map<string, Rejection>();
  #retries: Retry[] = [];

  get lastError(): string | undefined {
    return [...this.#rejected.values()].at(-1)?.error;
  }

  get hasRetries(): boolean {
    return this.#retries.length > 0;
  }

  /** Takes in a rejected response; returns the resources that are now known to be what is rejected. */
  add({ resources, removed }: Response, error: string): readonly EncodedResource[] {
    const [only, ...others] = resources;
    if (only === undefined) return [];
    if (others.length === 0 && removed.length === 0) {
      this.#rejected.delete(only.name);
      this.#rejected.set(only.name, { version: only.version, error });
      return [only];
    }
    const named = resources.filter(({ name }) => error.includes(name));
    const isTelling = named.length > 0 && named.length <= maxNamed && named.length < resources.length;
    const parts = isTelling
      ? [resources.filter((it) => !named.includes(it)), ...named.map((it) => [it])]
      : halves(resources);
    const retries = parts
      .filter((part) => part.length > 0)
      .map((part): Retry => ({ names: part.map(({ name }) => name), removed: [] }));
    if (removed.length > 0) retries.unshift({ names: [], removed: [...removed] });
    this.#retries = [...retries, ...this.#retries];
    return [];
  }

  /** The next part to be sent by itself, in its newest state; what is known to be rejected is left out. */
  next(find: (name: string) => EncodedResource | undefined): Response | undefined {
    for (;;) {
      const retry = this.#retries.shift();
      if (retry === undefined) return undefined;
      const resources = retry.names.flatMap((name) => find(name) ?? []).filter((it) => !this.isRejected(it));
      const removed = retry.removed.filter((name) => find(name) === undefined);
      if (resources.length + removed.length > 0) return { resources, removed };
    }
  }

  /** What is sent is no longer known to be rejected, nor what is gone. */
  forget({ resources, removed }: Response): void {
    if (this.#rejected.size === 0) return;
    for (const { name } of resources) this.#rejected.delete(name);
    for (const name of removed) this.#rejected.delete(name);
  }

  isRejected({ name, version }: EncodedResource): boolean {
    return this.#rejected.get(name)?.version === version;
  }
}

/** A message that names more resources than this, or all of them, does not tell which it is about. */
const maxNamed = 8;

function halves<T>(all: readonly T[]): readonly (readonly T[])[] {
  const middle = Math.ceil(all.length / 2);
  return [all.slice(0, middle), all.slice(middle)];
}
