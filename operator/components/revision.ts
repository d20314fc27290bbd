import type { MeshControlPlane, MeshControlPlaneSpec } from '../../crds/mesh-control-plane.ts';
import { revisionName } from '../../crds/mesh-control-plane.ts';
import type { LabelSelector } from '../../lib/kube/object.ts';
import { contentOf } from '../revisions/revision-content.ts';
import type { RevisionContent, RevisionRecord } from '../revisions/revision-record.ts';
import { homeOf, recordOf } from '../revisions/revision-record.ts';
import type { ReleaseImages } from '../versions/release-images.ts';
import { imagesOfVersion } from '../versions/release-images.ts';
import { exactVersion } from '../versions/resolve-version.ts';

/** The images of one version of the control plane. */
export interface Images {
  readonly istiod: string;
  readonly proxy: string;
}

/** Secrets that images are pulled with, each in the namespace of the pod. */
export interface PullSecrets {
  readonly istiod: readonly LocalObjectReference[];
  readonly proxy: readonly LocalObjectReference[];
}

interface LocalObjectReference {
  readonly name: string;
}

/** Everything that the objects of a revision are made from. */
export interface Revision {
  /** Name of the MeshControlPlane. */
  readonly controlPlane: string;
  /** The control plane's own name for `istio.io/rev`. */
  readonly prefix: string;
  /** Name of the MeshRevision. */
  readonly record: string;
  /** Value of `istio.io/rev` on its sidecars, and part of the names of its objects. */
  readonly name: string;
  readonly namespace: string;
  /** Without a leading `v`. */
  readonly version: string;
  readonly images: Images;
  /** `json` or `human`. */
  readonly logFormat: 'json' | 'human';
  readonly pullSecrets: PullSecrets;
  /** The namespaces of the mesh; all of them without. */
  readonly meshNamespaces?: LabelSelector;
  /** The spec of the MeshControlPlane, with what the MeshRevision says in place of its own. */
  readonly spec: MeshControlPlaneSpec;
  /** PEM of the roots that istiod's certificate is checked against; undefined as long as istiod has not made one. */
  readonly rootCertificate: string | undefined;
}

/** What the operator itself brings to a revision. */
export interface OperatorDefaults {
  /** The version that this operator runs. */
  readonly version: string;
  /** Of that version. */
  readonly images: Images;
  /** Of other versions, where they are not in the same repositories with the version as their tag. */
  readonly releaseImages?: ReleaseImages;
  readonly logFormat: 'json' | 'human';
  /** Where the spec names none. */
  readonly pullSecrets?: PullSecrets;
  /** The namespaces of the mesh; all of them without. */
  readonly meshNamespaces?: LabelSelector;
}

/** What the spec of a MeshControlPlane asks for. */
export function wantedContent({ spec }: Pick<MeshControlPlane, 'spec'>, defaults: OperatorDefaults): RevisionContent {
  const version = exactVersion(spec.version, defaults.version);
  const images = imagesOfVersion(version, defaults);
  return contentOf(
    { spec },
    {
      version,
      images: { istiod: spec.pilot.image ?? images.istiod, proxy: spec.proxy.image ?? images.proxy },
    },
  );
}

/** The revision that a control plane begins with: what its spec asks for, under its own name. */
export function revisionOf(
  controlPlane: Pick<MeshControlPlane, 'metadata' | 'spec'>,
  defaults: OperatorDefaults,
  rootCertificate: string | undefined,
): Revision {
  const home = homeOf(controlPlane);
  const record = recordOf(home, wantedContent(controlPlane, defaults), home.prefix);
  return revisionOfRecord(controlPlane, record, defaults, rootCertificate);
}

/** A revision as its record has it. How large istiod is, and its certificate authority, are the control plane's. */
export function revisionOfRecord(
  controlPlane: Pick<MeshControlPlane, 'metadata' | 'spec'>,
  { name, spec: record }: RevisionRecord,
  defaults: OperatorDefaults,
  rootCertificate: string | undefined,
): Revision {
  const { meshConfig, proxy, injection, telemetry } = record;
  const spec = { ...controlPlane.spec, meshConfig, proxy, injection, telemetry };
  return {
    controlPlane: controlPlane.metadata.name,
    prefix: revisionName(controlPlane),
    record: name,
    name: record.revision,
    namespace: spec.namespace,
    version: record.version,
    images: record.images,
    logFormat: defaults.logFormat,
    pullSecrets: {
      istiod: spec.pilot.imagePullSecrets ?? defaults.pullSecrets?.istiod ?? [],
      proxy: spec.proxy.imagePullSecrets ?? defaults.pullSecrets?.proxy ?? [],
    },
    ...(defaults.meshNamespaces === undefined ? {} : { meshNamespaces: defaults.meshNamespaces }),
    spec,
    rootCertificate,
  };
}
