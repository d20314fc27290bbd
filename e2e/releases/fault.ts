/** A way in which a release of tests is bad: one module of the product is another one in its bundles. */
export interface Fault {
  /** What a user meets. */
  readonly summary: string;
  /** The module that is exchanged, from the root of the repository. */
  readonly module: string;
  /** What is there instead: it exports all that the module does, and may import it. */
  readonly replacement: string;
  /** The one image that it is in. */
  readonly image: 'istiod' | 'proxy';
}

export const faultNames = ['istiod-crash', 'sidecar-crash', 'nack', 'answer-503'] as const;
export type FaultName = (typeof faultNames)[number];

export const faults: Readonly<Record<FaultName, Fault>> = {
  'istiod-crash': {
    summary: 'istiod ends at its start',
    module: 'istiod/monitoring.ts',
    replacement: 'e2e/releases/faults/istiod-crash.ts',
    image: 'istiod',
  },
  'sidecar-crash': {
    summary: 'the sidecar ends at its start',
    module: 'agent/settings.ts',
    replacement: 'e2e/releases/faults/sidecar-crash.ts',
    image: 'proxy',
  },
  nack: {
    summary: 'istiod sends a cluster that Envoy refuses',
    module: 'xds/translate/static-clusters.ts',
    replacement: 'e2e/releases/faults/nack.ts',
    image: 'istiod',
  },
  'answer-503': {
    summary: 'sidecars answer 503 to whatever is sent to their application',
    module: 'xds/translate/inbound-route.ts',
    replacement: 'e2e/releases/faults/answer-503.ts',
    image: 'istiod',
  },
};

/** @throws Error that says which there are. */
export function parseFault(text: string): FaultName {
  const found = faultNames.find((name) => name === text);
  if (found === undefined) throw new Error(`there is no fault "${text}"; there are ${faultNames.join(', ')}`);
  return found;
}
