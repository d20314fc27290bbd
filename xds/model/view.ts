/**
 * A class of sidecars that see the same outbound configuration. Everything outbound is translated for a view, once,
 * however many sidecars share it; only the inbound side is a sidecar's own.
 */
export interface View {
  /** The namespace of the sidecars: short host names, visibility and precedence of rules follow from it. */
  readonly namespace: string;
  /** Labels of the sidecars; present only where some visible rule selects clients by label (`sourceLabels`). */
  readonly sourceLabels?: Readonly<Record<string, string>>;
}

/** A name for the view that is equal exactly for equal views. */
export function viewKey(view: View): string {
  if (view.sourceLabels === undefined) return view.namespace;
  const labels = Object.entries(view.sourceLabels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${view.namespace}?${JSON.stringify(labels)}`;
}
