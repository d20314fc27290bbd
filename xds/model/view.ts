import type { Locality } from './endpoint.ts';

/**
 * A class of sidecars that see the same outbound configuration. Everything outbound is translated for a view, once,
 * however many sidecars share it; only the inbound side is a sidecar's own.
 */
export interface View {
  /** The namespace of the sidecars: short host names, visibility and precedence of rules follow from it. */
  readonly namespace: string;
  /** Labels of the sidecars that make a difference to some rule (`sourceLabels`), if there are any. */
  readonly sourceLabels?: Readonly<Record<string, string>> | undefined;
  /** Where the sidecars are; present only where some visible rule prefers endpoints by that. */
  readonly locality?: Locality | undefined;
}

/** A name for the view that is equal exactly for equal views. */
export function viewKey({ namespace, sourceLabels, locality }: View): string {
  if (sourceLabels === undefined && locality === undefined) return namespace;
  const labels = sourceLabels && Object.entries(sourceLabels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${namespace}?${JSON.stringify([labels, locality?.region, locality?.zone])}`;
}
