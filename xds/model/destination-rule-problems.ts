import type { DestinationRule, TrafficPolicy } from '../../crds/destination-rule.ts';
import type { Problem, Report } from './problem.ts';
import { objectName, ProblemList, within } from './problem.ts';

/**
 * What a DestinationRule asks for that sidecars do not do, or not as written. Admission has refused what can never
 * work; this is for rules that are accepted.
 */
export function destinationRuleProblems(rule: DestinationRule): readonly Problem[] {
  const list = new ProblemList();
  const report = list.reportOn(objectName('DestinationRule', rule.metadata));
  checkPolicy(rule.spec.trafficPolicy, within(report, 'spec.trafficPolicy'));
  (rule.spec.subsets ?? []).forEach((subset, at) => {
    checkPolicy(subset.trafficPolicy, within(report, `spec.subsets[${String(at)}].trafficPolicy`));
  });
  return list.problems;
}

function checkPolicy(policy: TrafficPolicy | undefined, report: Report): void {
  if (policy === undefined) return;
  checkSettings(policy, report);
  if (policy.tunnel !== undefined) report('tunnel', 'is not supported: connections go to the host directly');
  (policy.portLevelSettings ?? []).forEach((settings, at) => {
    checkSettings(settings, within(report, `portLevelSettings[${String(at)}]`));
  });
}

function checkSettings({ tls, loadBalancer, outlierDetection }: TrafficPolicy, report: Report): void {
  if (tls?.credentialName) {
    report('tls.credentialName', 'is not read by sidecars: give files of the pod (clientCertificate, caCertificates)');
  }
  if (tls?.mode === 'MUTUAL' && (!tls.clientCertificate || !tls.privateKey)) {
    report('tls', 'MUTUAL without clientCertificate and privateKey: servers that ask for a certificate refuse clients');
  }
  if (loadBalancer?.zoneAwareLbSetting !== undefined) {
    report('loadBalancer.zoneAwareLbSetting', 'is not supported: use localityLbSetting');
  }
  const locality = loadBalancer?.localityLbSetting;
  if ((locality?.failover ?? locality?.failoverPriority) !== undefined && outlierDetection === undefined) {
    report('loadBalancer.localityLbSetting', 'failover has no effect without outlierDetection, which tells what fails');
  }
}
