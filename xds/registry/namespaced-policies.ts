import type { Key, ObjectMeta } from '../../lib/kube/object.ts';
import { parseKey } from '../../lib/kube/object.ts';
import { byPrecedence } from './precedence.ts';

/** Policies that hold for their own namespace, or for the whole mesh where they are in the root namespace. */
export class NamespacedPolicies<T extends { readonly metadata: ObjectMeta }> {
  readonly #byNamespace = new Map<string, Map<Key, T>>();
  /** What was asked for, and of which namespaces, until a policy of these changes. */
  readonly #answers = new Map<string, { readonly namespaces: ReadonlySet<string>; readonly policies: readonly T[] }>();

  get(key: Key): T | undefined {
    return this.#byNamespace.get(parseKey(key).namespace ?? '')?.get(key);
  }

  /** Sets or (undefined) removes the policy of a key. */
  put(key: Key, policy: T | undefined): void {
    const namespace = parseKey(key).namespace ?? '';
    const policies = this.#byNamespace.get(namespace) ?? new Map<Key, T>();
    if (policy === undefined) policies.delete(key);
    else policies.set(key, policy);
    if (policies.size === 0) this.#byNamespace.delete(namespace);
    else this.#byNamespace.set(namespace, policies);
    for (const [question, { namespaces }] of this.#answers) {
      if (namespaces.has(namespace)) this.#answers.delete(question);
    }
  }

  /** The policies of a namespace and of the root namespace, the oldest first; the same list until one changes. */
  of(namespace: string, rootNamespace: string): readonly T[] {
    const question = `${namespace}/${rootNamespace}`;
    const known = this.#answers.get(question);
    if (known !== undefined) return known.policies;
    const namespaces = new Set([namespace, rootNamespace]);
    const policies = [...namespaces].flatMap((name) => [...(this.#byNamespace.get(name)?.values() ?? [])]);
    policies.sort(byPrecedence);
    this.#answers.set(question, { namespaces, policies });
    return policies;
  }
}
