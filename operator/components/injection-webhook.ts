import { mutatingWebhookConfigurations } from '../../lib/kube/resources.ts';
import type { LabelSelector } from '../../lib/kube/object.ts';
import type { AdmissionWebhook } from '../../lib/kube/types.ts';
import { defaultRevision, injectionWebhookName, istiodName } from '../names.ts';
import type { DesiredObject } from './desired.ts';
import { desired } from './desired.ts';
import { clusterWide } from './metadata.ts';
import type { Revision } from './revision.ts';

/** Path of istiod's injection endpoint, as Istio's. */
export const injectionPath = '/inject';

/** Labels that ask for a sidecar, as Istio's. */
const injection = 'istio-injection';
const rev = 'istio.io/rev';
const inject = 'sidecar.istio.io/inject';

/** Namespaces of Kubernetes itself, whose pods must start whatever becomes of istiod. */
const systemNamespaces = ['kube-system', 'kube-public', 'kube-node-lease'];

interface Selection {
  readonly name: string;
  readonly namespaces: NonNullable<LabelSelector['matchExpressions']>;
  readonly pods: NonNullable<LabelSelector['matchExpressions']>;
}

const absent = (key: string) => ({ key, operator: 'DoesNotExist' }) as const;
const oneOf = (key: string, ...values: string[]) => ({ key, operator: 'In', values }) as const;
const noneOf = (key: string, ...values: string[]) => ({ key, operator: 'NotIn', values }) as const;

/** Has istiod put the sidecar into the pods that ask for it. No two of the webhooks ever take the same pod. */
export function sidecarInjector(revision: Revision, rootCertificate: string): DesiredObject {
  const webhooks = selections(revision).map((selection) => webhook(revision, rootCertificate, selection));
  const name = injectionWebhookName(revision.name);
  return desired(mutatingWebhookConfigurations, clusterWide(revision, name), { webhooks });
}

/** Which pods the revision injects into, by the labels of pod and namespace (Istio, "Automatic sidecar injection"). */
function selections(revision: Revision): readonly Selection[] {
  const { name } = revision;
  const byRevision: readonly Selection[] = [
    {
      name: 'rev.namespace',
      namespaces: [oneOf(rev, name), absent(injection)],
      pods: [noneOf(inject, 'false')],
    },
    {
      name: 'rev.object',
      namespaces: [absent(rev), absent(injection)],
      pods: [noneOf(inject, 'false'), oneOf(rev, name)],
    },
  ];
  const byDefault: readonly Selection[] = [
    { name: 'namespace', namespaces: [oneOf(injection, 'enabled')], pods: [noneOf(inject, 'false')] },
    {
      name: 'object',
      namespaces: [absent(injection), absent(rev)],
      pods: [oneOf(inject, 'true'), absent(rev)],
    },
  ];
  const everywhere: Selection = {
    name: 'auto',
    namespaces: [absent(injection), absent(rev), noneOf('kubernetes.io/metadata.name', ...systemNamespaces)],
    pods: [absent(inject), absent(rev)],
  };
  return [
    ...byRevision,
    ...(name === defaultRevision ? byDefault : []),
    ...(revision.spec.injection.enableNamespacesByDefault ? [everywhere] : []),
  ];
}

function webhook(revision: Revision, rootCertificate: string, selection: Selection): AdmissionWebhook {
  return {
    name: `${selection.name}.sidecar-injector.istio.io`,
    clientConfig: {
      service: { namespace: revision.namespace, name: istiodName(revision.name), path: injectionPath, port: 443 },
      caBundle: Buffer.from(rootCertificate).toString('base64'),
    },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: 'Namespaced' }],
    // A pod without its sidecar would speak plaintext into a mesh that trusts it not to.
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    reinvocationPolicy: 'IfNeeded',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    namespaceSelector: { matchExpressions: selection.namespaces },
    objectSelector: { matchExpressions: selection.pods },
    timeoutSeconds: 10,
  };
}
