import type { KubeClient } from '../../lib/kube/client.ts';
import { isAlreadyExists, isInvalid } from '../../lib/kube/error.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import { isApplied } from '../../lib/kube/subset.ts';
import { clusterRoleBindings, deployments, namespaces, roleBindings } from '../../lib/kube/resources.ts';
import type { DesiredObject } from '../components/desired.ts';
import { nameOf } from '../components/desired.ts';
import type { Revision } from '../components/revision.ts';
import { annotationKeys, fieldManager, replicasFieldManager } from '../names.ts';
import { controlPlaneOf, isOurs } from '../ownership.ts';
import type { FreshObjects } from './fresh-objects.ts';
import type { LiveObject } from './world.ts';
import { typeOf } from '../type-meta.ts';

/** An object that has the name of one of ours and belongs to somebody else. It is left alone. */
export class ForeignObjectError extends Error {
  override readonly name = 'ForeignObjectError';
}

export interface ApplyContext {
  readonly client: KubeClient;
  /** The MeshControlPlane that is applied; empty for objects that belong to all of them. */
  readonly controlPlane: string;
  /** Whether there is a MeshControlPlane of this name: objects of one that is gone are taken over. */
  readonly exists: (controlPlane: string) => boolean;
  /** Whether an object may be taken over from another MeshControlPlane. */
  readonly isHandedOver?: (desired: DesiredObject) => boolean;
  readonly fresh: FreshObjects;
}

/**
 * Makes the object as desired, unless it is already; returns it as it then is. `seen` is what the informer knows.
 * Throws a `ForeignObjectError` rather than touch an object of somebody else.
 */
export async function applyObject(
  context: ApplyContext,
  desired: DesiredObject,
  seen: KubeObject | undefined,
): Promise<KubeObject> {
  const live = seen && context.fresh.latest(seen);
  if (live !== undefined && isApplied(desired.object, live)) return live;
  const { client } = context;
  // Informers see only what carries our labels, so what they do not know may be there all the same.
  const present = live ?? (await client.get(desired.resource, desired.object.metadata));
  if (present !== undefined) {
    requireOwnership(context, desired, present);
    await handOverReplicas(client, desired, present);
  }
  const applied = await serverSideApply(client, desired, present);
  if (present !== undefined) context.fresh.remember(present, applied);
  return applied;
}

function requireOwnership(context: ApplyContext, desired: DesiredObject, present: KubeObject): void {
  if (!isOurs(present)) {
    throw new ForeignObjectError(
      `${nameOf(desired)} already exists and was not made by Meltemi's operator; delete it, or choose another name or namespace`,
    );
  }
  const owner = controlPlaneOf(present);
  if (owner === undefined || owner === context.controlPlane || context.isHandedOver?.(desired) === true) return;
  if (context.exists(owner)) {
    throw new ForeignObjectError(`${nameOf(desired)} already belongs to MeshControlPlane "${owner}"`);
  }
}

async function serverSideApply(
  client: KubeClient,
  { resource, object }: DesiredObject,
  present: KubeObject | undefined,
): Promise<KubeObject> {
  const write = (): Promise<KubeObject> => client.apply(resource, object, { fieldManager, force: true });
  try {
    return await write();
  } catch (error) {
    // The role that a binding refers to cannot be changed, so a binding that drifted there is made anew.
    const isBinding = resource === roleBindings || resource === clusterRoleBindings;
    if (present === undefined || !isBinding || !isInvalid(error)) throw error;
    const { uid } = present.metadata;
    await client.delete(resource, present.metadata, uid === undefined ? {} : { preconditions: { uid } });
    return write();
  }
}

/**
 * A field that its only owner stops applying goes back to its default, which for the number of replicas is one. So
 * before the number is left to an autoscaler, another manager takes it over as it is (Kubernetes, "Server-Side Apply",
 * transferring ownership).
 */
async function handOverReplicas(client: KubeClient, desired: DesiredObject, present: KubeObject): Promise<void> {
  if (desired.resource !== deployments || replicasOf(desired.object) !== undefined) return;
  const replicas = replicasOf(present);
  if (replicas === undefined) return;
  const { name, namespace } = present.metadata;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  const handOver = { ...typeOf(deployments), metadata, spec: { replicas } };
  await client.apply(deployments, handOver, { fieldManager: replicasFieldManager, force: true });
}

function replicasOf(object: object): number | undefined {
  const spec: unknown = 'spec' in object ? object.spec : undefined;
  if (typeof spec !== 'object' || spec === null || !('replicas' in spec)) return undefined;
  return typeof spec.replicas === 'number' ? spec.replicas : undefined;
}

/**
 * Makes the namespace of a control plane. It carries no label of ours: it stays when the control plane goes, since the
 * certificate authority's Secret and things of others live in it.
 */
export async function makeNamespace(client: KubeClient, revision: Revision): Promise<void> {
  const metadata = { name: revision.namespace, annotations: { [annotationKeys.createdFor]: revision.controlPlane } };
  try {
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata }, { fieldManager });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** Deletes the object that was seen, and not one that has its name by now. */
export async function deleteObject(client: KubeClient, { resource, object }: LiveObject): Promise<void> {
  const { uid } = object.metadata;
  await client.delete(resource, object.metadata, {
    propagationPolicy: 'Background',
    ...(uid === undefined ? {} : { preconditions: { uid } }),
  });
}
