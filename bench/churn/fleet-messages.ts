import type { SidecarIdentity } from './layout.ts';
import type { Comparison, FleetStats } from './sidecar-fleet.ts';

/** What the process of the sidecars is asked; each request has one reply. */
export type FleetRequest =
  | {
      readonly type: 'start';
      readonly address: string;
      readonly sidecars: readonly SidecarIdentity[];
      readonly reconnectMs: number;
    }
  | { readonly type: 'stats' }
  | { readonly type: 'settle' }
  | { readonly type: 'compare'; readonly address: string };

export type FleetReply =
  | {
      readonly type: 'done';
      readonly stats: FleetStats;
      readonly complaints: readonly string[];
      readonly comparison?: Comparison;
    }
  | { readonly type: 'failed'; readonly message: string };
