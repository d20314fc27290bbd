import { validate } from '../../config/validation/validate.ts';
import { kinds } from '../../crds/kinds.ts';
import type { KindDefinition } from '../../crds/kind.ts';
import { resourceOf } from '../../crds/kind.ts';
import { meshControlPlane } from '../../crds/mesh-control-plane.ts';
import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import { describeError } from '../../lib/errors.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import { formatKey } from '../../lib/kube/object.ts';
import { nodes, podDisruptionBudgets, selfSubjectAccessReviews } from '../../lib/kube/resources.ts';
import type { Node } from '../../lib/kube/types.ts';
import { accessesOf, describeAccess, distinctAccesses } from '../admission/access.ts';
import { operatorRules } from '../operator-rules.ts';
import { isOurs } from '../ownership.ts';
import type { Stores } from '../reconcile/world.ts';
import { revisionOfPod } from '../revisions/usage.ts';
import { inParallel } from '../upgrade/fetch-page.ts';
import type { FetchPage } from '../upgrade/fetch-page.ts';
import type { Release } from '../versions/releases.ts';
import { roomFor } from './capacity.ts';
import { deadWebhooks } from './dead-webhooks.ts';
import type { BrokenObject, Budget, Facts } from './facts.ts';
import type { Known } from './finding.ts';
import { connectedVersions } from './proxy-versions.ts';

export interface GatherContext {
  /** Whose reads and access reviews are no writes of the reconcile. */
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly fetchPage: FetchPage;
}

export interface Subject {
  readonly controlPlane: MeshControlPlane;
  /** Its values of `istio.io/rev`. */
  readonly revisions: ReadonlySet<string>;
  readonly release: Release;
  readonly releases: readonly Release[];
}

/** Reads all that the checks look at. What cannot be read is unknown; never rejects. */
export async function gatherFacts({ client, stores, fetchPage }: GatherContext, subject: Subject): Promise<Facts> {
  const { controlPlane, revisions, release, releases } = subject;
  const { metadata, spec } = controlPlane;
  const [kubernetesMinor, served, missingPermissions, brokenObjects, room, dead, budgets, proxies] = await Promise.all([
    known(() => kubernetesMinorOf(client)),
    known(() => servedApis(client)),
    known(() => permissionsMissing(client)),
    known(() => brokenConfiguration(client)),
    known(async () => roomFor(spec, await nodesOf(client))),
    known(() => deadWebhooks(client, metadata.name)),
    known(() => budgetsOf(client, namespacesOf(stores, revisions))),
    known(() => connectedVersions(stores.pods.list(), revisions, fetchPage)),
  ]);
  return {
    ...{ release, releases, kubernetesMinor, served, missingPermissions, brokenObjects },
    ...{ room, deadWebhooks: dead, budgets, proxies },
  };
}

async function known<T>(read: () => Promise<T>): Promise<Known<T>> {
  try {
    return { known: true, value: await read() };
  } catch (error) {
    return { known: false, why: describeError(error) };
  }
}

/** `minor` of some distributions ends with a plus sign. */
async function kubernetesMinorOf(client: KubeClient): Promise<number> {
  const version: unknown = JSON.parse(await client.raw('/version'));
  const { major, minor } = Object(version) as { readonly major?: unknown; readonly minor?: unknown };
  const number = Number.parseInt(String(minor), 10);
  if (String(major) !== '1' || !Number.isInteger(number)) {
    throw new Error(`the API server gives its version as ${String(major)}.${String(minor)}`);
  }
  return number;
}

async function servedApis(client: KubeClient): Promise<ReadonlySet<string>> {
  const list = JSON.parse(await client.raw('/apis')) as {
    readonly groups: readonly { readonly versions: readonly { readonly groupVersion: string }[] }[];
  };
  return new Set(['v1', ...list.groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => groupVersion))]);
}

/** Access reviews that are asked for at the same time. */
const reviewsAtOnce = 8;

async function permissionsMissing(client: KubeClient): Promise<readonly string[]> {
  const accesses = distinctAccesses(accessesOf(operatorRules));
  const lacking = await inParallel(accesses, reviewsAtOnce, async (access) => {
    const review = { metadata: { name: '' }, spec: { resourceAttributes: access } };
    const { status } = await client.create(selfSubjectAccessReviews, review);
    return status?.allowed === true ? [] : [describeAccess(access)];
  });
  return lacking.flat();
}

/** Objects in error that are remembered of a kind. */
const mostBroken = 20;

async function brokenConfiguration(client: KubeClient): Promise<readonly BrokenObject[]> {
  const ofMesh = kinds.filter(({ group }) => group !== meshControlPlane.group);
  const broken = await Promise.all(ofMesh.map((kind) => brokenOf(client, kind)));
  return broken.flat();
}

/** Object by object, so that the configuration of a whole mesh is never in memory. */
async function brokenOf(client: KubeClient, kind: KindDefinition): Promise<readonly BrokenObject[]> {
  const found: BrokenObject[] = [];
  const resource = resourceOf(kind);
  await client.list<KubeObject>(resource, {
    transform: (object) => {
      const problem = found.length < mostBroken ? firstError(kind, object) : undefined;
      const name = formatKey(object.metadata.namespace, object.metadata.name);
      if (problem !== undefined) found.push({ name: `${kind.kind} ${name}`, problem });
      return { metadata: { name: object.metadata.name } };
    },
  });
  return found;
}

function firstError(kind: KindDefinition, object: KubeObject & { readonly spec?: unknown }): string | undefined {
  const apiVersion = `${kind.group}/${resourceOf(kind).version}`;
  const { metadata, spec } = object;
  const error = validate({ apiVersion, kind: kind.kind, metadata, spec }).find(({ severity }) => severity === 'error');
  return error === undefined ? undefined : `${error.path}: ${error.message}`;
}

/** Some clusters show none, and have room all the same. */
async function nodesOf(client: KubeClient): Promise<readonly Node[]> {
  const { items } = await client.list<Node>(nodes, { transform: pruneNode });
  if (items.length === 0) throw new Error('the API server shows no node');
  return items;
}

function pruneNode({ metadata: { name, labels = {} }, spec, status }: Node): Node {
  return {
    metadata: { name, labels },
    ...(spec === undefined ? {} : { spec }),
    status: {
      ...(status?.allocatable === undefined ? {} : { allocatable: status.allocatable }),
      conditions: (status?.conditions ?? []).filter(({ type }) => type === 'Ready'),
    },
  };
}

/** Where pods are restarted. */
function namespacesOf(stores: Stores, revisions: ReadonlySet<string>): ReadonlySet<string> {
  const used = stores.sidecars
    .list()
    .filter((pod) => revisions.has(revisionOfPod(pod) ?? ''))
    .map(({ metadata }) => metadata.namespace ?? '');
  return new Set(used);
}

async function budgetsOf(client: KubeClient, of: ReadonlySet<string>): Promise<readonly Budget[]> {
  const { items } = await client.list(podDisruptionBudgets);
  return (
    items
      // Its own make way for a rollout by themselves, and are used up while istiod starts.
      .filter((budget) => of.has(budget.metadata.namespace ?? '') && !isOurs(budget))
      .map(({ metadata, status }) => ({
        name: formatKey(metadata.namespace, metadata.name),
        disruptionsAllowed: status?.disruptionsAllowed ?? 0,
        expectedPods: status?.expectedPods ?? 0,
      }))
  );
}
