import { isDeepStrictEqual } from 'node:util';
import type { MeshControlPlaneSpec } from '../../crds/mesh-control-plane.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import {
  clusterRoles,
  configMaps,
  mutatingWebhookConfigurations,
  namespaces,
  roles,
  secrets,
} from '../../lib/kube/resources.ts';
import type { DesiredObject } from '../components/desired.ts';
import { istiodClusterRules, istiodNamespaceRules } from '../components/permissions.ts';
import { caSecretName } from '../names.ts';
import type { Access } from './access.ts';
import { accessesOf, accessTo, distinctAccesses } from './access.ts';

/**
 * What somebody has to be allowed to do themselves before they may have it done through a MeshControlPlane. The list
 * and its reasons are in `docs/adr/0015-admission-by-operator.md`.
 */
export interface NeededAccess {
  readonly accesses: readonly Access[];
  /** Permissions that are handed on to istiod. */
  readonly grants: readonly Grant[];
}

/**
 * Rules that a role would hold. As Kubernetes has it (RBAC, "Privilege escalation prevention"), whoever makes a role
 * has to hold all of it, unless `escalate` on the role and `bind` let them do without.
 */
export interface Grant {
  readonly role: Resource;
  readonly namespace?: string;
  readonly accesses: readonly Access[];
}

/** What a MeshControlPlane would consist of. */
export interface Wanted {
  readonly spec: MeshControlPlaneSpec;
  readonly desired: readonly DesiredObject[];
}

/** `namespaceExists`: whether the control plane's namespace is there already. */
export function neededToCreate({ spec, desired }: Wanted, namespaceExists: boolean): NeededAccess {
  const { namespace } = spec;
  const accesses = [
    ...(namespaceExists ? [] : [accessTo(namespaces, 'create')]),
    ...desired.map(({ resource, object }) => accessTo(resource, 'create', withoutName(object.metadata))),
    // istio-ca-root-cert, in every namespace of the mesh.
    accessTo(configMaps, 'create'),
    ...deletionOfAuthority(spec),
  ];
  return {
    accesses: distinctAccesses(accesses),
    grants: [
      { role: clusterRoles, accesses: accessesOf(istiodClusterRules) },
      { role: roles, namespace, accesses: accessesOf(istiodNamespaceRules, namespace) },
    ],
  };
}

/** Only what differs is asked for, so that whoever scales istiod need not be able to make roles. */
export function neededToUpdate(before: Wanted, after: Wanted): NeededAccess {
  const old = new Map(before.desired.map((one) => [identity(one), one]));
  const wanted = new Set(after.desired.map(identity));
  const changes = after.desired.flatMap((one) => {
    const { resource, object } = one;
    const former = old.get(identity(one));
    if (former === undefined) return [accessTo(resource, 'create', withoutName(object.metadata))];
    return isDeepStrictEqual(former.object, object) ? [] : [accessTo(resource, 'update', object.metadata)];
  });
  const removals = before.desired
    .filter((one) => !wanted.has(identity(one)))
    .map(({ resource, object }) => accessTo(resource, 'delete', object.metadata));
  const authority = before.spec.ca.deletionPolicy === 'Delete' ? [] : deletionOfAuthority(after.spec);
  return {
    accesses: distinctAccesses([
      ...changes,
      ...removals,
      ...powerOverPods(before.spec, after.spec),
      ...powerOverWorkloads(before.spec, after.spec),
      ...authority,
    ]),
    grants: [],
  };
}

/** What goes into pods of all namespaces is somebody's who could have a webhook of their own put it there. */
function powerOverPods(before: MeshControlPlaneSpec, after: MeshControlPlaneSpec): readonly Access[] {
  const intoPods = ({ version, proxy, injection, meshConfig }: MeshControlPlaneSpec): unknown => ({
    version,
    proxy,
    injection,
    proxyConfig: meshConfig.defaultConfig,
  });
  if (isDeepStrictEqual(intoPods(before), intoPods(after))) return [];
  return [accessTo(mutatingWebhookConfigurations, 'update')];
}

/** A canary restarts workloads in all namespaces: the content of a revision changes, or how it is brought out. */
function powerOverWorkloads(before: MeshControlPlaneSpec, after: MeshControlPlaneSpec): readonly Access[] {
  if (after.upgrade.strategy !== 'Canary') return [];
  const content = ({ version, meshConfig, proxy, injection, telemetry, pilot, upgrade }: MeshControlPlaneSpec) => ({
    ...{ version, meshConfig, proxy, injection, telemetry },
    ...{ image: pilot.image, strategy: upgrade.strategy, attempt: upgrade.attempt },
  });
  if (isDeepStrictEqual(content(before), content(after))) return [];
  return ['deployments', 'statefulsets', 'daemonsets'].map((resource) => ({ verb: 'patch', group: 'apps', resource }));
}

function deletionOfAuthority({ ca, namespace }: MeshControlPlaneSpec): readonly Access[] {
  return ca.deletionPolicy === 'Delete' ? [accessTo(secrets, 'delete', { namespace, name: caSecretName })] : [];
}

function identity({ resource, object: { metadata } }: DesiredObject): string {
  return `${resource.group}/${resource.plural}/${metadata.namespace ?? ''}/${metadata.name}`;
}

/** RBAC authorizes a creation before it knows the name. */
function withoutName({ namespace }: { readonly namespace?: string }): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}
