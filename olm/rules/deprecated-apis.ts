import { isJsonObject, listAt, textAt, textsAt } from '../json.ts';
import { permissionRules } from './loaded-bundle.ts';
import type { Rule } from './rule.ts';
import { eachBad, error, warning } from './rule.ts';

/** What Kubernetes has ceased to serve, by API version (Kubernetes, deprecated API migration guide, 1.22 to 1.26). */
const removed: Readonly<Record<string, readonly string[]>> = {
  'apiextensions.k8s.io/v1beta1': ['CustomResourceDefinition'],
  'scheduling.k8s.io/v1beta1': ['PriorityClass'],
  'rbac.authorization.k8s.io/v1beta1': ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'],
  'apiregistration.k8s.io/v1beta1': ['APIService'],
  'authentication.k8s.io/v1beta1': ['TokenReview'],
  'authorization.k8s.io/v1beta1': ['LocalSubjectAccessReview', 'SelfSubjectAccessReview', 'SubjectAccessReview'],
  'admissionregistration.k8s.io/v1beta1': ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
  'coordination.k8s.io/v1beta1': ['Lease'],
  'extensions/v1beta1': ['Ingress'],
  'networking.k8s.io/v1beta1': ['Ingress', 'IngressClass'],
  'storage.k8s.io/v1beta1': ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment'],
  'certificates.k8s.io/v1beta1': ['CertificateSigningRequest'],
  'batch/v1beta1': ['CronJob'],
  'discovery.k8s.io/v1beta1': ['EndpointSlice'],
  'events.k8s.io/v1beta1': ['Event'],
  'autoscaling/v2beta1': ['HorizontalPodAutoscaler'],
  'autoscaling/v2beta2': ['HorizontalPodAutoscaler'],
  'policy/v1beta1': ['PodDisruptionBudget', 'PodSecurityPolicy'],
  'node.k8s.io/v1beta1': ['RuntimeClass'],
};

/** That a bundle uses nothing which is gone (operator-framework/api, AlphaDeprecatedAPIsValidator). */
export const deprecatedApiRules: readonly Rule[] = [
  {
    name: 'alpha-deprecated-apis/objects',
    check: ({ manifests }) =>
      eachBad(
        manifests,
        ({ object }) => removed[textAt(object, 'apiVersion')]?.includes(textAt(object, 'kind')) === true,
        ({ path, object }) => error(`${path}: Kubernetes no longer serves ${textAt(object, 'apiVersion')}`),
      ),
  },
  {
    name: 'alpha-deprecated-apis/related-kinds',
    check: ({ csv }) =>
      eachBad(
        ['owned', 'required']
          .flatMap((relation) => listAt(csv, 'spec', 'customresourcedefinitions', relation))
          .flatMap((kind) => listAt(kind, 'resources'))
          .filter(isJsonObject),
        (resource) => removed[textAt(resource, 'version')]?.includes(textAt(resource, 'kind')) === true,
        (resource) =>
          error(`Kubernetes no longer serves ${textAt(resource, 'kind')} as ${textAt(resource, 'version')}`),
      ),
  },
  {
    name: 'alpha-deprecated-apis/permissions',
    check: (bundle) =>
      eachBad(
        permissionRules(bundle),
        (rule) =>
          textsAt(rule, 'apiGroups').includes('policy') && textsAt(rule, 'resources').includes('podsecuritypolicies'),
        () => warning('there is a permission for PodSecurityPolicies, which are gone'),
      ),
  },
];
