import { meshControlPlane } from '../../crds/mesh-control-plane.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { apiVersionOf, endpointSlices, events, leases, subjectAccessReviews } from '../../lib/kube/resources.ts';
import { ownedResources } from '../owned-resources.ts';
import { checkSkew } from '../versions/skew.ts';
import type { Facts } from './facts.ts';
import type { CheckName, Finding, Known, Report } from './finding.ts';
import { checkNames, listed } from './finding.ts';

/** Groups and versions of Kubernetes' own without which nothing works. */
export const neededApis: readonly string[] = [
  ...new Set(
    [...ownedResources, leases, endpointSlices, events, subjectAccessReviews]
      .filter(({ group }: Resource) => group !== meshControlPlane.group)
      .map(apiVersionOf),
  ),
].sort();

/** Looks at everything; pure. */
export function preflight(facts: Facts): Report {
  const results = [
    judge(checkNames.kubernetes, facts.kubernetesMinor, (minor) => kubernetesTooOld(minor, facts)),
    judge(checkNames.apis, facts.served, apisNotServed),
    judge(checkNames.permissions, facts.missingPermissions, permissionsMissing),
    judge(checkNames.configuration, facts.brokenObjects, objectsBroken),
    judge(checkNames.capacity, facts.room, noRoom),
    judge(checkNames.webhooks, facts.deadWebhooks, webhooksDead),
    judge(checkNames.budgets, facts.budgets, budgetsUsedUp),
    judge(checkNames.skew, facts.proxies, (proxies) => skewTooGreat(proxies, facts)),
  ];
  return {
    findings: results.flatMap(({ finding }) => (finding === undefined ? [] : [finding])),
    unknown: results.flatMap(({ check, why }) => (why === undefined ? [] : [{ check, why }])),
  };
}

interface Judgement {
  readonly check: CheckName;
  readonly finding?: Finding;
  readonly why?: string;
}

type Objection = Pick<Finding, 'message' | 'overridable'>;

function judge<T>(check: CheckName, fact: Known<T>, find: (value: T) => Objection | undefined): Judgement {
  if (!fact.known) return { check, why: fact.why };
  const objection = find(fact.value);
  return objection === undefined ? { check } : { check, finding: { check, ...objection } };
}

/** What would fail in any case, however much it is wanted. */
const must = (message: string): Objection => ({ message, overridable: false });
const should = (message: string): Objection => ({ message, overridable: true });

function kubernetesTooOld(minor: number, { release }: Facts): Objection | undefined {
  const { version, minKubernetesMinor } = release;
  if (minor >= minKubernetesMinor) return undefined;
  const least = `1.${String(minKubernetesMinor)}`;
  return must(`${version} needs Kubernetes ${least}, and this is 1.${String(minor)}; upgrade the cluster first`);
}

function apisNotServed(served: ReadonlySet<string>): Objection | undefined {
  const missing = neededApis.filter((api) => !served.has(api));
  if (missing.length === 0) return undefined;
  return must(`the API server does not serve ${listed(missing)}; upgrade the cluster, or turn the API on`);
}

function permissionsMissing(missing: readonly string[]): Objection | undefined {
  if (missing.length === 0) return undefined;
  return must(
    `the operator is not allowed to: ${listed(missing)}; bring its ClusterRole up to its version (helm upgrade, or ` +
      'charts/meltemi/files/operator-rules.yaml)',
  );
}

function objectsBroken(broken: readonly { name: string; problem: string }[]): Objection | undefined {
  if (broken.length === 0) return undefined;
  const named = broken.map(({ name, problem }) => `${name} (${problem})`);
  return should(`configuration is in error, which another version may take otherwise: ${listed(named, 3)}; repair it`);
}

function noRoom({ wanted, fitting, schedulableNodes, request }: Facts['room'] extends Known<infer T> ? T : never) {
  if (fitting >= wanted) return undefined;
  return should(
    `the ${String(schedulableNodes)} nodes that istiod may run on have room for ${String(fitting)} pods of ${request} at ` +
      `most, and the upgrade needs ${String(wanted)}; add a node, or lower spec.pilot.resources.requests or replicas`,
  );
}

function webhooksDead(webhooks: readonly { name: string; service: string }[]): Objection | undefined {
  if (webhooks.length === 0) return undefined;
  const named = webhooks.map(({ name, service }) => `${name} of ${service}`);
  return should(
    `webhooks that new pods wait for have nobody who answers, so that no pod starts: ${listed(named)}; repair their ` +
      'Service, or delete the configuration of one that is not needed any more',
  );
}

function budgetsUsedUp(
  budgets: readonly { name: string; disruptionsAllowed: number; expectedPods: number }[],
): Objection | undefined {
  const used = budgets.filter(({ disruptionsAllowed, expectedPods }) => expectedPods > 0 && disruptionsAllowed < 1);
  if (used.length === 0) return undefined;
  return should(
    `PodDisruptionBudgets allow no pod to go: ${listed(used.map(({ name }) => name))}; wait until their pods are ` +
      'ready, add replicas, or loosen them',
  );
}

function skewTooGreat(
  proxies: Parameters<typeof checkSkew>[1],
  { release, releases }: Pick<Facts, 'release' | 'releases'>,
): Objection | undefined {
  const verdict = checkSkew(release.version, proxies, releases);
  return verdict === undefined ? undefined : should(verdict.message);
}
