import { defaultRevision, istiodName, proxyReport } from '../config/istiod-names.ts';
import { injectionLabels } from '../inject/names.ts';

export { istiodName };

/** Names, labels and annotations of everything that the operator makes. */

/** The Secret in which istiod keeps its certificate authority, `rootSecretName` of `ca/` (which is not for generators). */
export const caSecretName = 'istio-ca-secret';

/** Field manager of every server-side apply of the operator. */
export const fieldManager = 'meltemi-operator';

/** Owns the number of replicas while an autoscaler is being given it; see `reconcile/apply.ts`. */
export const replicasFieldManager = 'meltemi-operator-replicas';

/** Holds a deleted MeshControlPlane until all that belongs to it is gone. */
export const finalizer = 'meltemi.dev/operator';

export const labelKeys = {
  managedBy: 'app.kubernetes.io/managed-by',
  partOf: 'app.kubernetes.io/part-of',
  component: 'app.kubernetes.io/component',
  app: 'app',
  revision: injectionLabels.revision,
  /** Name of the MeshControlPlane that an object belongs to. */
  controlPlane: 'meltemi.dev/control-plane',
  /** On the Lease in which an istiod replica reports its proxies; the value is the revision. */
  istiodStatus: proxyReport.label,
  /** Istio's mark of the ConfigMaps with its root certificate. */
  istioConfig: 'istio.io/config',
} as const;

export const annotationKeys = {
  /** On the pod template: digest of the configuration, so that a change of it rolls the pods. */
  configDigest: 'meltemi.dev/config-digest',
  /** On the ConfigMap of an istiod: its version, for a MeshRevision that has to be made again. */
  version: 'meltemi.dev/version',
  /** On a namespace that the operator made: the MeshControlPlane it was made for. An annotation, since it stays. */
  createdFor: 'meltemi.dev/created-for',
  /** On an istiod replica's Lease: number of sidecars connected to it. */
  connectedProxies: proxyReport.connected,
  /** On an istiod replica's Lease: how many of them have acknowledged all that they were sent. */
  syncedProxies: proxyReport.synced,
} as const;

/** Value of `app.kubernetes.io/managed-by` on everything that the operator keeps. */
export const managedBy = 'meltemi-operator';

/** Value of `app.kubernetes.io/component` on everything that belongs to one control plane. */
export const component = 'istiod';

/** What the informers of owned objects select; the root certificates of namespaces are not among them. */
export const ownedSelector = `${labelKeys.managedBy}=${managedBy},${labelKeys.component}=${component}`;

/** The ConfigMaps with root certificates that the operator made. */
export const ownedRootCertificateSelector = `${labelKeys.managedBy}=${managedBy},${labelKeys.istioConfig}=true`;

/** What the informer of istiod's pods selects. */
export const istiodPodSelector = `${labelKeys.app}=istiod,${labelKeys.controlPlane}`;

/** Keys of that Secret which hold the root, the first one present wins (Istio's layout). */
export const caSecretRootKeys = ['root-cert.pem', 'ca-cert.pem'] as const;

/** Namespaces that hold no pods, and so get no root certificate. */
export const namespacesWithoutRootCertificate: readonly string[] = ['kube-public', 'kube-node-lease'];

/** Name of the container in istiod's pods (Istio's name). */
export const istiodContainer = 'discovery';

/** Cluster-wide objects carry the namespace too, as Istio's do: `istiod-istio-system`. */
export function clusterScopedName(revision: string, namespace: string): string {
  return `${istiodName(revision)}-${namespace}`;
}

export function configMapName(revision: string): string {
  return revision === defaultRevision ? 'istio' : `istio-${revision}`;
}

export function injectionWebhookName(revision: string): string {
  return revision === defaultRevision ? 'istio-sidecar-injector' : `istio-sidecar-injector-${revision}`;
}

export function validationWebhookName(revision: string, namespace: string): string {
  return revision === defaultRevision ? `istio-validator-${namespace}` : `istio-validator-${revision}-${namespace}`;
}

/** Labels of every object that belongs to one control plane. */
export function ownedLabels(controlPlane: string, revision: string): Readonly<Record<string, string>> {
  return {
    [labelKeys.managedBy]: managedBy,
    [labelKeys.partOf]: 'meltemi',
    [labelKeys.component]: component,
    [labelKeys.revision]: revision,
    [labelKeys.controlPlane]: controlPlane,
  };
}

/** What a revision's Deployment, Service and PodDisruptionBudget select; it must never change for a name. */
export function istiodSelector(revision: string): Readonly<Record<string, string>> {
  return { [labelKeys.app]: 'istiod', [labelKeys.revision]: revision };
}
