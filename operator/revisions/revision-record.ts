import { createHash } from 'node:crypto';
import { applyDefaults } from '../../crds/defaults.ts';
import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import { revisionName } from '../../crds/mesh-control-plane.ts';
import type { MeshRevision, MeshRevisionSpec, MeshRevisionSpecInput } from '../../crds/mesh-revision.ts';
import { maxRevisionLength, meshRevision } from '../../crds/mesh-revision.ts';
import { canonicalJson } from '../../lib/kube/subset.ts';
import { withoutDefaults } from '../../crds/without-defaults.ts';

/** A MeshRevision, be it in the cluster already or only wanted. */
export interface RevisionRecord {
  readonly name: string;
  /** With all defaults. */
  readonly spec: MeshRevisionSpec;
}

/** What istiod and sidecars of a revision are made of: all of a MeshRevision but where it belongs. */
export type RevisionContent = Omit<MeshRevisionSpecInput, 'controlPlane' | 'revision' | 'namespace'>;

/** Whose revision it is. */
export interface RevisionHome {
  /** Name of the MeshControlPlane. */
  readonly controlPlane: string;
  /** The control plane's own name for `istio.io/rev`, with which the names of its revisions begin. */
  readonly prefix: string;
  readonly namespace: string;
}

export function homeOf(controlPlane: Pick<MeshControlPlane, 'metadata' | 'spec'>): RevisionHome {
  return {
    controlPlane: controlPlane.metadata.name,
    prefix: revisionName(controlPlane),
    namespace: controlPlane.spec.namespace,
  };
}

/**
 * The record of some content. `revision` is its value of `istio.io/rev`; without, it is the record's own name, which is
 * what a revision has that runs beside another one. The same input has the same name in every operator.
 */
export function recordOf(home: RevisionHome, content: RevisionContent, revision?: string): RevisionRecord {
  const { controlPlane, prefix, namespace } = home;
  const digest = digestOf({ controlPlane, namespace, revision: revision ?? null, ...bareContent(content) });
  const name = recordName(prefix, content.version, digest);
  const input = { ...content, controlPlane, namespace, revision: revision ?? name };
  return { name, spec: applyDefaults(meshRevision.spec, input) };
}

export function recordOfObject({ metadata, spec }: Pick<MeshRevision, 'metadata' | 'spec'>): RevisionRecord {
  return { name: metadata.name, spec };
}

/** Whether istiod and sidecars of both are the same, wherever they belong. */
export function sameContent(a: RevisionContent, b: RevisionContent): boolean {
  return canonicalJson(bareContent(a)) === canonicalJson(bareContent(b));
}

/** The spec as it is written: what the API server fills in is left to it. */
export function bareSpec(spec: MeshRevisionSpecInput): MeshRevisionSpecInput {
  return withoutDefaults(meshRevision.spec, spec);
}

function bareContent(content: RevisionContent): RevisionContent {
  const { version, images, meshConfig = {}, proxy = {}, injection = {}, telemetry = {} } = content;
  const nowhere = { controlPlane: '', revision: '', namespace: '' };
  const bare = bareSpec({ ...nowhere, version, images, meshConfig, proxy, injection, telemetry });
  const { controlPlane: _, revision: __, namespace: ___, ...rest } = bare;
  return rest;
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 8);
}

/**
 * `<prefix>-<version>-<digest>`, of {@link maxRevisionLength} characters at most. The digest tells records apart and
 * stays whole; of the others the version is shortened first, down to a few characters, since the prefix says whose
 * record it is.
 */
export function recordName(prefix: string, version: string, digest: string): string {
  const room = maxRevisionLength - digest.length - 2;
  const label = version.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const forVersion = Math.max(room - prefix.length, Math.min(label.length, leastVersion));
  const short = trimmed(label.slice(0, forVersion));
  return `${trimmed(prefix.slice(0, room - short.length))}-${short}-${digest}`;
}

/** Room for `12-34-56`. */
const leastVersion = 8;

function trimmed(text: string): string {
  return text.replace(/^-+|-+$/g, '');
}
