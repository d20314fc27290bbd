import type { Caller } from '../../lib/identity.ts';
import type { Proxy } from './proxy.ts';

/** Why a proven caller may not have the configuration that the node asks for; undefined when it may. */
export function identityMismatch({ identity, provenBy }: Caller, proxy: Proxy): string | undefined {
  if (provenBy === 'plaintext-unauthenticated') return undefined;
  if (identity.namespace === proxy.namespace && identity.serviceAccount === proxy.serviceAccount) return undefined;
  return (
    `the caller is service account ${identity.namespace}/${identity.serviceAccount}, ` +
    `but the node claims ${proxy.namespace}/${proxy.serviceAccount}`
  );
}

/** Whether a caller may see what is in other proxies: proven, and of the control plane's own namespace. */
export function mayDebug({ identity, provenBy }: Caller, controlPlaneNamespace: string): boolean {
  return provenBy !== 'plaintext-unauthenticated' && identity.namespace === controlPlaneNamespace;
}
