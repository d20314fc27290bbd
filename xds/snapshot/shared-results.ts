export type Input = string | number | boolean | object | undefined;

/** A question that was asked of a context while something was worked out, and how it was answered. */
export interface Asked<Context> {
  readonly ask: (context: Context) => unknown;
  readonly answer: unknown;
}

interface Variant {
  readonly asked: readonly Asked<never>[];
  readonly result: WeakRef<object>;
}

/**
 * What was worked out from which inputs, so that all who have the same inputs have the same result, worked out and held
 * once. Model objects are immutable and keep their identity until they change, so "the same" means the same objects;
 * strings and numbers count by value. A result is held here for as long as somebody uses it.
 */
export class SharedResults {
  readonly #results = new Map<string, WeakRef<object>>();
  readonly #variants = new Map<string, Variant[]>();
  readonly #ids = new WeakMap<object, number>();
  readonly #gone = new FinalizationRegistry<string>((key) => this.#clean(key));
  #nextId = 0;
  /** How often something was worked out, since the start. */
  computed = 0;

  /** `kind` tells computations with equal inputs apart. */
  get<T extends object>(kind: string, inputs: readonly Input[], compute: () => T): T {
    const key = this.#keyOf(kind, inputs);
    const known = this.#results.get(key)?.deref() as T | undefined; // the kind fixes the type
    if (known !== undefined) return known;
    const result = compute();
    this.computed++;
    this.#results.set(key, new WeakRef(result));
    this.#gone.register(result, key);
    return result;
  }

  /**
   * The same for a computation that asks questions of a context beside its inputs. Contexts that give the same answers to
   * what was asked have the same result, whatever else they differ in. `compute` returns what it asked with its result.
   */
  getAsking<T extends object, Context>(
    kind: string,
    inputs: readonly Input[],
    context: Context,
    compute: () => { readonly result: T; readonly asked: readonly Asked<Context>[] },
  ): T {
    const key = this.#keyOf(kind, inputs);
    for (const { asked, result } of this.#variants.get(key) ?? []) {
      // The kind fixes the types, of the context too.
      const known = result.deref() as T | undefined;
      if (
        known !== undefined &&
        (asked as readonly Asked<Context>[]).every(({ ask, answer }) => ask(context) === answer)
      )
        return known;
    }
    const { result, asked } = compute();
    this.computed++;
    const variants = this.#variants.get(key);
    const variant = { asked, result: new WeakRef(result) };
    if (variants === undefined) this.#variants.set(key, [variant]);
    else variants.push(variant);
    this.#gone.register(result, key);
    return result;
  }

  #clean(key: string): void {
    if (this.#results.get(key)?.deref() === undefined) this.#results.delete(key);
    const variants = this.#variants.get(key)?.filter(({ result }) => result.deref() !== undefined) ?? [];
    if (variants.length === 0) this.#variants.delete(key);
    else this.#variants.set(key, variants);
  }

  #keyOf(kind: string, inputs: readonly Input[]): string {
    let key = kind;
    for (const input of inputs) key += `|${this.#nameOf(input)}`;
    return key;
  }

  #nameOf(input: Input): string {
    // With its length, so that no text a user chose runs into the next input.
    if (typeof input === 'string') return `${input.length}:${input}`;
    if (typeof input !== 'object') return String(input);
    let id = this.#ids.get(input);
    if (id === undefined) this.#ids.set(input, (id = this.#nextId++));
    return `#${id}`;
  }
}
