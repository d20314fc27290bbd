import type { MeshControlPlane, MeshControlPlaneSpec } from '../../crds/mesh-control-plane.ts';
import { revisionName } from '../../crds/mesh-control-plane.ts';
import type { LabelSelector } from '../../lib/kube/object.ts';

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
  readonly spec: MeshControlPlaneSpec;
  /** PEM of the roots that istiod's certificate is checked against; undefined as long as istiod has not made one. */
  readonly rootCertificate: string | undefined;
}

/** What the operator itself brings to a revision. */
export interface OperatorDefaults {
  /** The version that this operator runs. */
  readonly version: string;
  readonly images: Images;
  readonly logFormat: 'json' | 'human';
  /** Where the spec names none. */
  readonly pullSecrets?: PullSecrets;
  /** The namespaces of the mesh; all of them without. */
  readonly meshNamespaces?: LabelSelector;
}

export function revisionOf(
  controlPlane: Pick<MeshControlPlane, 'metadata' | 'spec'>,
  defaults: OperatorDefaults,
  rootCertificate: string | undefined,
): Revision {
  const { spec } = controlPlane;
  return {
    controlPlane: controlPlane.metadata.name,
    name: revisionName(controlPlane),
    namespace: spec.namespace,
    version: plainVersion(spec.version ?? defaults.version),
    images: {
      istiod: spec.pilot.image ?? defaults.images.istiod,
      proxy: spec.proxy.image ?? defaults.images.proxy,
    },
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

/** `v1.2.3` and `1.2.3` are the same version. */
export function plainVersion(version: string): string {
  return version.replace(/^v/, '');
}
