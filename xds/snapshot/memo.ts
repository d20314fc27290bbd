type Key = string | number | boolean | object | undefined;

/**
 * Remembers what was computed from which inputs. Model objects are immutable and keep their identity until they
 * change, so "the same inputs" means the same objects; strings and numbers count by value. What no pass has asked for
 * between two calls of `sweep` is forgotten.
 */
export class Memo {
  #current = new Map<string, unknown>();
  #previous = new Map<string, unknown>();
  readonly #ids = new WeakMap<object, number>();
  #nextId = 0;
  /** How often something was computed and not remembered, since the start. */
  misses = 0;

  /** `kind` tells computations with equal inputs apart. */
  get<T>(kind: string, inputs: readonly Key[], compute: () => T): T {
    const key = `${kind}|${inputs.map((input) => this.#keyOf(input)).join('|')}`;
    const current = this.#current.get(key);
    if (current !== undefined) return current as T; // the kind fixes the type
    let value = this.#previous.get(key) as T | undefined;
    if (value === undefined) {
      this.misses++;
      value = compute();
    }
    this.#current.set(key, value);
    return value;
  }

  sweep(): void {
    this.#previous = this.#current;
    this.#current = new Map();
  }

  #keyOf(input: Key): string {
    // With its length, so that no text a user chose runs into the next input.
    if (typeof input === 'string') return `${input.length}:${input}`;
    if (typeof input !== 'object') return String(input);
    let id = this.#ids.get(input);
    if (id === undefined) this.#ids.set(input, (id = this.#nextId++));
    return `#${id}`;
  }
}
