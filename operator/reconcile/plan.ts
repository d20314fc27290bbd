import type { DesiredObject } from '../components/desired.ts';
import { desiredObjects } from '../components/components.ts';
import type { OperatorDefaults, Revision } from '../components/revision.ts';
import { revisionOf } from '../components/revision.ts';
import type { Verdict } from './conditions.ts';
import { firstFinding, reasons } from './conditions.ts';
import { refusals } from './refusals.ts';
import type { LiveObject, World } from './world.ts';
import { caSecretName } from '../names.ts';

/** What a reconcile has to do. */
export type Plan =
  | { readonly kind: 'finalize'; readonly revision: Revision }
  | { readonly kind: 'refuse'; readonly revision: Revision; readonly verdict: Verdict }
  | {
      readonly kind: 'converge';
      readonly revision: Revision;
      readonly makeNamespace: boolean;
      /** In the order in which they are to be made. */
      readonly desired: readonly DesiredObject[];
      /** Objects of this control plane that it does not want any more. */
      readonly surplus: readonly LiveObject[];
      /** What has to happen before everything can be made. */
      readonly waiting: Verdict | undefined;
    };

/** Decides; pure, all reads have happened before. */
export function plan(world: World, defaults: OperatorDefaults): Plan {
  const { controlPlane, rootCertificate } = world;
  const pem = rootCertificate.state === 'present' ? rootCertificate.pem : undefined;
  const revision = revisionOf(controlPlane, defaults, pem);
  if (controlPlane.metadata.deletionTimestamp !== undefined) return { kind: 'finalize', revision };
  const verdict = firstFinding(refusals, { world, defaults });
  if (verdict !== undefined) return { kind: 'refuse', revision, verdict };
  const desired = desiredObjects(revision);
  const waiting = rootCertificateVerdict(world);
  return {
    kind: 'converge',
    revision,
    makeNamespace: world.namespace === undefined,
    desired,
    surplus: surplusOf(world.owned, desired),
    waiting,
  };
}

/** While the root is unknown the webhooks stay as they are: taking them away would let pods start without sidecar. */
function surplusOf(owned: readonly LiveObject[], desired: readonly DesiredObject[]): readonly LiveObject[] {
  const wanted = new Set(desired.map(({ resource, object }) => identity({ resource, object })));
  const complete = desired.some(({ resource }) => resource.group === 'admissionregistration.k8s.io');
  return owned.filter(
    (live) => !wanted.has(identity(live)) && (complete || live.resource.group !== 'admissionregistration.k8s.io'),
  );
}

function identity({ resource, object: { metadata } }: LiveObject): string {
  return `${resource.group}/${resource.kind}/${metadata.namespace ?? ''}/${metadata.name}`;
}

/** What is to be said of the root certificate as long as it cannot be used. */
export function rootCertificateVerdict({ controlPlane, rootCertificate }: World): Verdict | undefined {
  const secret = `Secret ${controlPlane.spec.namespace}/${caSecretName}`;
  switch (rootCertificate.state) {
    case 'present':
      return undefined;
    case 'absent':
      return {
        reason: reasons.waitingForRootCertificate,
        message: `the webhooks wait for the root certificate, which istiod puts into ${secret} when it first starts`,
      };
    case 'invalid':
      return {
        reason: reasons.rootCertificateInvalid,
        message: `the root certificate in ${secret} cannot be used: ${rootCertificate.problem}`,
      };
  }
}
