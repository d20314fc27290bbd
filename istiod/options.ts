import type { LogLevels } from '../lib/logger.ts';

/** What one istiod process is told on its command line. Addresses are `host:port` or `:port`; undefined is off. */
export interface IstiodOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Namespace of the control plane: where its certificate authority is kept. */
  readonly namespace: string;
  readonly revision: string;
  /** File with the mesh's configuration; every setting has its default without one. */
  readonly config?: string;
  /** xDS and certificate service over TLS. */
  readonly secureAddress?: string;
  /** xDS without TLS and without authentication. */
  readonly plaintextAddress?: string;
  readonly webhookAddress?: string;
  /** `/metrics`, `/healthz`, `/readyz`. */
  readonly monitoringAddress?: string;
  /** `/debug`; a loopback address. */
  readonly debugAddress?: string;
  /** This pod's name and uid, for the Lease in which it reports its proxies; none outside of a cluster. */
  readonly podName?: string;
  readonly podUid?: string;
  readonly logFormat: 'json' | 'human';
  readonly logLevels: LogLevels;
}
