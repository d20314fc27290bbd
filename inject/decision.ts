import type { LabelSelector } from '../lib/kube/object.ts';
import { isEmptySelector, matchesSelector } from './label-selector.ts';
import { annotations, injectionLabels, systemNamespaces } from './names.ts';
import type { Pod } from './pod.ts';
import { injectionSelections } from './selections.ts';

/** What a revision's settings say about who is injected. */
export interface InjectionPolicy {
  readonly revision: string;
  /** `enabled`: pods that are selected get a sidecar unless they say no; `disabled`: only if they say yes. */
  readonly policy: 'enabled' | 'disabled';
  readonly enableNamespacesByDefault: boolean;
  readonly neverInjectSelector: readonly LabelSelector[];
  readonly alwaysInjectSelector: readonly LabelSelector[];
}

export interface InjectionDecision {
  readonly inject: boolean;
  /** A sentence for logs and for `kubectl`. */
  readonly reason: string;
}

export interface InjectionQuestion {
  readonly pod: Pod;
  readonly namespace: string;
  /**
   * Undefined when they are not known. The API server has then applied the webhook's selectors, which say the same.
   */
  readonly namespaceLabels?: Readonly<Record<string, string>> | undefined;
  readonly policy: InjectionPolicy;
}

/** Whether a pod gets a sidecar of this revision. The first of the rules that has an opinion decides. */
export function decideInjection(question: InjectionQuestion): InjectionDecision {
  return (
    decideByPlace(question) ??
    decideByNamespace(question) ??
    decideByPod(question.pod) ??
    decideBySelectors(question) ??
    decideByPolicy(question.policy)
  );
}

/** Where traffic cannot be captured without doing harm. */
function decideByPlace({ pod, namespace }: InjectionQuestion): InjectionDecision | undefined {
  if (pod.spec.hostNetwork === true) {
    return no('the pod uses the network of its node, whose traffic must not be captured');
  }
  const { os } = pod.spec;
  if (typeof os === 'object' && os !== null && 'name' in os && os.name === 'windows') {
    return no('the pod runs on Windows');
  }
  return systemNamespaces.includes(namespace) ? no(`namespace ${namespace} belongs to Kubernetes itself`) : undefined;
}

function decideByNamespace({ pod, namespaceLabels, policy }: InjectionQuestion): InjectionDecision | undefined {
  if (namespaceLabels === undefined) return undefined;
  if (namespaceLabels[injectionLabels.namespace] === 'disabled') {
    return no(`the namespace is labelled ${injectionLabels.namespace}=disabled`);
  }
  const labels = pod.metadata.labels ?? {};
  const selected = injectionSelections(policy).some(
    ({ namespaceSelector, objectSelector }) =>
      matchesSelector(namespaceSelector, namespaceLabels) && matchesSelector(objectSelector, labels),
  );
  return selected ? undefined : no(`the labels of namespace and pod do not select revision ${policy.revision}`);
}

function decideByPod(pod: Pod): InjectionDecision | undefined {
  const label = pod.metadata.labels?.[injectionLabels.pod];
  const wish = label ?? pod.metadata.annotations?.[annotations.inject] ?? '';
  const source = `${label === undefined ? 'annotation' : 'label'} ${injectionLabels.pod}=${wish}`;
  // Booleans of YAML 1.1, which Istio takes; anything else is a no.
  if (/^(y|yes|true|on)$/i.test(wish)) return { inject: true, reason: `the pod has ${source}` };
  return wish === '' ? undefined : no(`the pod has ${source}`);
}

function decideBySelectors({ pod, policy }: InjectionQuestion): InjectionDecision | undefined {
  const labels = pod.metadata.labels ?? {};
  const matches = (selectors: readonly LabelSelector[]): boolean =>
    selectors.some((selector) => !isEmptySelector(selector) && matchesSelector(selector, labels));
  if (matches(policy.neverInjectSelector)) return no("the pod's labels match neverInjectSelector");
  if (!matches(policy.alwaysInjectSelector)) return undefined;
  return { inject: true, reason: "the pod's labels match alwaysInjectSelector" };
}

function decideByPolicy({ policy }: InjectionPolicy): InjectionDecision {
  return { inject: policy === 'enabled', reason: `the injection policy is ${policy}` };
}

function no(reason: string): InjectionDecision {
  return { inject: false, reason };
}
