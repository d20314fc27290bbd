import type { KubeClient } from './client.ts';
import type { Logger } from '../logger.ts';
import type { Registry } from '../metrics.ts';

export interface LeaderElectionOptions {
  readonly client: KubeClient;
  /** The Lease object; it is made when absent. */
  readonly namespace: string;
  readonly name: string;
  /** This replica, unique among all; the pod's name is a good start. */
  readonly identity: string;
  /** Runs while this replica leads; the signal aborts when it must stop leading. */
  readonly onStartedLeading: (signal: AbortSignal) => void | Promise<void>;
  readonly onStoppedLeading?: () => void;
  readonly onNewLeader?: (identity: string) => void;
  readonly logger: Logger;
  readonly metrics?: Registry;
  /** Others may take the lease when it was not renewed for this long; 15,000 ms. */
  readonly leaseDurationMs?: number;
  /** A leader that could not renew for this long gives up; 10,000 ms. */
  readonly renewDeadlineMs?: number;
  /** Between tries; 2,000 ms. */
  readonly retryPeriodMs?: number;
}
