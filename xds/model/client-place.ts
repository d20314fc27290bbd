import type { LocalityLbSetting, TrafficPolicy } from '../../crds/destination-rule.ts';

/** Whether the endpoints under this policy depend on where the client is, so that clients of one view differ. */
export function dependsOnClientPlace(policy: TrafficPolicy | undefined): boolean {
  const setting = localitySetting(policy);
  return setting?.distribute !== undefined || (policy?.outlierDetection !== undefined && setting !== undefined);
}

/** The mesh prefers near endpoints by default; a rule can turn that off. */
export function localitySetting(policy: TrafficPolicy | undefined): LocalityLbSetting | undefined {
  const setting = policy?.loadBalancer?.localityLbSetting ?? {};
  return setting.enabled === false ? undefined : setting;
}
