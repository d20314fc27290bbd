import type { DestinationRule } from '../../crds/destination-rule.ts';
import type { Key } from '../../lib/kube/object.ts';
import { dependsOnClientPlace } from '../model/client-place.ts';
import { clientLabelTests, policiesOf } from '../model/destination-rules.ts';
import type { ClientTraits } from '../model/client-traits.ts';
import { byPrecedence } from './precedence.ts';

/** What the rules tell clients apart by, kept rule by rule. */
export class ClientTraitsIndex {
  readonly #keysOf = new Map<string, readonly string[]>();
  readonly #uses = new Map<string, number>();
  readonly #placing = new Map<Key, DestinationRule>();
  #traits: ClientTraits = { labelTests: [], placing: [] };

  get traits(): ClientTraits {
    return this.#traits;
  }

  /** Takes in what a VirtualService asks of clients; returns whether the traits are others now. */
  putVirtualService(key: Key, labelTests: readonly string[]): boolean {
    return this.#putKeys(`VirtualService/${key}`, labelTests) && this.#renew();
  }

  /** Takes in a DestinationRule, or (undefined) its end; returns whether the traits are others now. */
  putDestinationRule(key: Key, rule: DestinationRule | undefined): boolean {
    const keysChanged = this.#putKeys(`DestinationRule/${key}`, rule === undefined ? [] : clientLabelTests(rule));
    const placed = this.#placing.delete(key);
    const places = rule !== undefined && policiesOf(rule).some(dependsOnClientPlace);
    if (places) this.#placing.set(key, rule);
    return (keysChanged || placed || places) && this.#renew();
  }

  /** Returns whether the set of all keys is another one. */
  #putKeys(owner: string, keys: readonly string[]): boolean {
    const before = this.#keysOf.get(owner) ?? [];
    if (keys.length + before.length === 0) return false;
    if (keys.length === 0) this.#keysOf.delete(owner);
    else this.#keysOf.set(owner, keys);
    for (const key of keys) this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1);
    for (const key of before) {
      const uses = (this.#uses.get(key) ?? 0) - 1;
      if (uses > 0) this.#uses.set(key, uses);
      else this.#uses.delete(key);
    }
    const labelTests = [...this.#uses.keys()].sort();
    return JSON.stringify(labelTests) !== JSON.stringify(this.#traits.labelTests);
  }

  #renew(): true {
    this.#traits = {
      labelTests: [...this.#uses.keys()].sort(),
      placing: [...this.#placing.values()].sort(byPrecedence),
    };
    return true;
  }
}
