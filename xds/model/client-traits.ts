import type { DestinationRule } from '../../crds/destination-rule.ts';

/** What has to be known of a sidecar to say which rules hold for it: what the rules tell clients apart by. */
export interface ClientTraits {
  /**
   * `<key>=<value>` where some rule selects clients that carry that label, `<key>` where some rule compares the label of
   * clients with that of endpoints; sorted.
   */
  readonly labelTests: readonly string[];
  /** DestinationRules that prefer endpoints by where the client is. */
  readonly placing: readonly DestinationRule[];
}

/** The tests of a selector: each of its labels. A key can't hold an equals sign (Kubernetes, "Labels and Selectors"). */
export function selectingTests(matchLabels: Readonly<Record<string, string>> | undefined): readonly string[] {
  return Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
}

const testsOf = new WeakMap<ClientTraits, ReadonlySet<string>>();

/** Of a client's labels those that make a difference to some rule. */
export function tellingLabels(
  traits: ClientTraits,
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  let tests = testsOf.get(traits);
  if (tests === undefined) testsOf.set(traits, (tests = new Set(traits.labelTests)));
  if (tests.size === 0) return {};
  const telling = Object.entries(labels).filter(([key, value]) => tests.has(key) || tests.has(`${key}=${value}`));
  return Object.fromEntries(telling.sort(([a], [b]) => (a < b ? -1 : 1)));
}
