/** Every aspect that is looked at before an upgrade. */
export const checkNames = {
  kubernetes: 'KubernetesVersion',
  apis: 'ServedAPIs',
  permissions: 'Permissions',
  configuration: 'Configuration',
  capacity: 'Capacity',
  webhooks: 'Webhooks',
  budgets: 'DisruptionBudgets',
  skew: 'VersionSkew',
} as const;

export type CheckName = (typeof checkNames)[keyof typeof checkNames];

/** Something that speaks against an upgrade. */
export interface Finding {
  readonly check: CheckName;
  /** What is wrong, on which object, and what to do. */
  readonly message: string;
  /** Whether `spec.upgrade.force` lets an upgrade begin all the same: it may work, and harms nobody if it does not. */
  readonly overridable: boolean;
}

/** A fact, or why it could not be learned; what is unknown speaks against nothing. */
export type Known<T> = { readonly known: true; readonly value: T } | { readonly known: false; readonly why: string };

export interface Unknown {
  readonly check: CheckName;
  readonly why: string;
}

/** What came of all checks. */
export interface Report {
  readonly findings: readonly Finding[];
  readonly unknown: readonly Unknown[];
}

/** Names at most so many things in a sentence. */
export const mostNamed = 5;

/** `a, b and 3 more` */
export function listed(names: readonly string[], most: number = mostNamed): string {
  const rest = names.length > most ? ` and ${String(names.length - most)} more` : '';
  return names.slice(0, most).join(', ') + rest;
}
