import type { Scenario } from '../scenario.ts';
import { agent } from './agent.ts';
import { agentSoak } from './agent-soak.ts';
import { chart } from './chart.ts';
import { drift } from './drift.ts';
import { guards } from './guards.ts';
import { identity } from './identity.ts';
import { injection } from './injection.ts';
import { install } from './install.ts';
import { istiodFailover } from './istiod-failover.ts';
import { mutualTls } from './mutual-tls.ts';
import { olmUpgrade } from './olm-upgrade.ts';
import { revisions } from './revisions.ts';
import { settled } from './settled.ts';
import { trafficSplit } from './traffic-split.ts';
import { twoVersions } from './two-versions.ts';
import { uninstall } from './uninstall.ts';
import { upgradeCanary } from './upgrade-canary.ts';
import { upgradeKilled } from './upgrade-killed.ts';
import { upgradeRollback } from './upgrade-rollback.ts';
import { validation } from './validation.ts';

/** In the order in which all of them run: the first installs anew, the last leaves nothing. */
export const scenarios: readonly Scenario[] = [
  install,
  validation,
  injection,
  trafficSplit,
  mutualTls,
  identity,
  istiodFailover,
  agent,
  agentSoak,
  revisions,
  drift,
  settled,
  guards,
  chart,
  twoVersions,
  uninstall,
  upgradeCanary,
  upgradeRollback,
  upgradeKilled,
  olmUpgrade,
];
