/** The revision that namespaces and pods get which ask for injection without naming one; its objects carry no suffix. */
export const defaultRevision = 'default';

/** `istiod` for the default revision, else `istiod-<revision>`: Deployment, Service, ServiceAccount and more. */
export function istiodName(revision: string): string {
  return revision === defaultRevision ? 'istiod' : `istiod-${revision}`;
}

/** The Lease in which each replica of istiod reports its proxies to the operator. */
export const proxyReport = {
  /** Label; the value is the revision. */
  label: 'meltemi.dev/istiod-status',
  /** Annotation: number of sidecars connected to the replica. */
  connected: 'meltemi.dev/connected-proxies',
  /** Annotation: how many of them have acknowledged all that they were sent. */
  synced: 'meltemi.dev/synced-proxies',
} as const;

/** Path of istiod's validating webhook, as Istio's. */
export const validationPath = '/validate';
