/** The identity of a workload: its service account in a trust domain, as SPIFFE writes it for Kubernetes. */
export interface Identity {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** A caller whose identity has been proven, and how. */
export interface Caller {
  readonly identity: Identity;
  readonly provenBy: 'client-certificate' | 'service-account-token' | 'plaintext-unauthenticated';
  /** The pod that a projected token is bound to, where the API server says so. */
  readonly pod?: { readonly name: string; readonly uid: string };
}

/** Whoever calls without TLS and without a token. */
export const unprovenCaller: Caller = {
  identity: { trustDomain: '', namespace: '', serviceAccount: '' },
  provenBy: 'plaintext-unauthenticated',
};

/** `spiffe://<trust domain>/ns/<namespace>/sa/<service account>` (SPIFFE ID as Istio lays it out). */
export function spiffeId(identity: Identity): string {
  return `spiffe://${identity.trustDomain}/ns/${identity.namespace}/sa/${identity.serviceAccount}`;
}

/** Reads a SPIFFE ID of the form that {@link spiffeId} writes; undefined for anything else. */
export function parseSpiffeId(uri: string): Identity | undefined {
  const match = /^spiffe:\/\/([^/\s]+)\/ns\/([^/\s]+)\/sa\/([^/\s]+)$/.exec(uri);
  const [, trustDomain, namespace, serviceAccount] = match ?? [];
  if (trustDomain === undefined || namespace === undefined || serviceAccount === undefined) return undefined;
  return { trustDomain, namespace, serviceAccount };
}
