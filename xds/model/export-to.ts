/**
 * Whether an object of one namespace is visible in another, by its `exportTo`: `*` or nothing for all namespaces, `.`
 * for the object's own, `~` for none, else the names of namespaces (Istio API, `exportTo`).
 */
export function isExportedTo(
  exportTo: readonly string[] | undefined,
  ownNamespace: string,
  namespace: string,
): boolean {
  if (exportTo === undefined || exportTo.length === 0) return true;
  return exportTo.some((to) => to === '*' || to === namespace || (to === '.' && ownNamespace === namespace));
}
