import { validateMeshControlPlane } from '../../config/validation/mesh-control-plane.ts';
import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import { revisionName } from '../../crds/mesh-control-plane.ts';
import type { OperatorDefaults } from '../components/revision.ts';
import { namespacesWithoutRootCertificate } from '../names.ts';
import { knownReleases } from '../versions/known-releases.ts';
import { resolveVersion } from '../versions/resolve-version.ts';
import type { Check, Verdict } from './conditions.ts';
import { reasons } from './conditions.ts';
import type { World } from './world.ts';

export interface RefusalInput {
  readonly world: Pick<World, 'controlPlane' | 'siblings' | 'namespace'>;
  readonly defaults: OperatorDefaults;
}

/** What keeps a MeshControlPlane from being acted upon at all. */
export const refusals: readonly Check<RefusalInput>[] = [
  revisionTaken, // an older object stands for the same revision
  versionUnknown, // this operator has no such release, or no longer
  namespaceUnfit, // no sidecar could ever trust an istiod there
  defaultInjectionTaken, // two webhooks would take the same pods
  specMalformed, // what the CRD's rules cannot say
  namespaceTerminating, // nothing can be made in it
];

function invalid(path: string, message: string): Verdict {
  return { reason: reasons.validationError, message: `${path}: ${message}` };
}

function revisionTaken({ world: { controlPlane, siblings } }: RefusalInput): Verdict | undefined {
  const revision = revisionName(controlPlane);
  const holder = siblings.find((other) => revisionName(other) === revision && isOlder(other, controlPlane));
  if (holder === undefined) return undefined;
  return {
    reason: reasons.nameAlreadyExists,
    message:
      `revision "${revision}" already belongs to the older MeshControlPlane "${holder.metadata.name}"; ` +
      'delete one of them, or make this one anew with another spec.revision.name',
  };
}

/** By time of creation, and by name for those of the same second. */
export function isOlder(a: MeshControlPlane, b: MeshControlPlane): boolean {
  const timeA = a.metadata.creationTimestamp ?? '';
  const timeB = b.metadata.creationTimestamp ?? '';
  return timeA === timeB ? a.metadata.name < b.metadata.name : timeA < timeB;
}

function versionUnknown({ world: { controlPlane }, defaults }: RefusalInput): Verdict | undefined {
  const { spec, status } = controlPlane;
  const resolution = resolveVersion(spec.version, knownReleases(defaults.version), status?.version);
  return resolution.kind === 'refused' ? invalid('spec.version', resolution.verdict.message) : undefined;
}

function namespaceUnfit({ world: { controlPlane } }: RefusalInput): Verdict | undefined {
  const { namespace } = controlPlane.spec;
  if (!namespacesWithoutRootCertificate.includes(namespace)) return undefined;
  return invalid('spec.namespace', `a control plane cannot run in ${namespace}, which Kubernetes keeps for itself`);
}

function defaultInjectionTaken({ world: { controlPlane, siblings } }: RefusalInput): Verdict | undefined {
  const injectsByDefault = ({ spec }: MeshControlPlane): boolean => spec.injection.enableNamespacesByDefault;
  if (!injectsByDefault(controlPlane)) return undefined;
  const holder = siblings.find((other) => injectsByDefault(other) && isOlder(other, controlPlane));
  if (holder === undefined) return undefined;
  const why = `the older MeshControlPlane "${holder.metadata.name}" has it, and a namespace has one control plane only`;
  return invalid('spec.injection.enableNamespacesByDefault', why);
}

function specMalformed({ world: { controlPlane } }: RefusalInput): Verdict | undefined {
  const errors = validateMeshControlPlane(controlPlane).filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return undefined;
  const message = errors.map((problem) => `${problem.path}: ${problem.message}`).join('; ');
  return { reason: reasons.validationError, message };
}

function namespaceTerminating({ world: { controlPlane, namespace } }: RefusalInput): Verdict | undefined {
  if (namespace?.metadata.deletionTimestamp === undefined) return undefined;
  return {
    reason: reasons.namespaceTerminating,
    message: `namespace ${controlPlane.spec.namespace} is being deleted; waiting until it is gone to make it anew`,
  };
}
