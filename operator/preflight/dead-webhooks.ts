import type { KubeClient } from '../../lib/kube/client.ts';
import { formatKey } from '../../lib/kube/object.ts';
import {
  endpointSlices,
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
} from '../../lib/kube/resources.ts';
import type { AdmissionWebhook, EndpointSlice } from '../../lib/kube/types.ts';
import { inParallel } from '../upgrade/fetch-page.ts';
import { labelKeys } from '../names.ts';
import type { DeadWebhook } from './facts.ts';

interface Candidate {
  readonly name: string;
  readonly namespace: string;
  readonly service: string;
}

/**
 * Webhooks that every new pod of some namespace waits for, and whose Service has no endpoint that is ready. Those of the
 * control plane itself are not among them: an upgrade may be what repairs it.
 */
export async function deadWebhooks(client: KubeClient, controlPlane: string): Promise<readonly DeadWebhook[]> {
  const lists = await Promise.all(
    [mutatingWebhookConfigurations, validatingWebhookConfigurations].map(async (resource) => {
      const { items } = await client.list(resource);
      return items
        .filter(({ metadata }) => metadata.labels?.[labelKeys.controlPlane] !== controlPlane)
        .flatMap(({ metadata, webhooks = [] }) => {
          return candidatesOf(`${resource.kind} ${metadata.name}`, webhooks);
        });
    }),
  );
  const candidates = lists.flat();
  const services = [...new Set(candidates.map(placeOf))];
  const silent = await inParallel(services, 4, async (place) => ((await isAnswered(client, place)) ? [] : [place]));
  const dead = new Set(silent.flat());
  return candidates
    .filter((candidate) => dead.has(placeOf(candidate)))
    .map((candidate) => ({ name: candidate.name, service: `Service ${placeOf(candidate)}` }));
}

/** Those that a pod cannot be made without; webhooks by URL cannot be looked at. */
function candidatesOf(configuration: string, webhooks: readonly AdmissionWebhook[]): readonly Candidate[] {
  return webhooks.flatMap(({ name, clientConfig, failurePolicy, rules = [] }) => {
    const { service } = clientConfig;
    const isForPods = rules.some(
      ({ operations, apiGroups, resources }) =>
        operations.some((operation) => operation === 'CREATE' || operation === '*') &&
        apiGroups.some((group) => group === '' || group === '*') &&
        resources.some((resource) => resource === 'pods' || resource === '*' || resource === '*/*'),
    );
    if (service === undefined || failurePolicy === 'Ignore' || !isForPods) return [];
    return [{ name: `${configuration} (webhook ${name})`, namespace: service.namespace, service: service.name }];
  });
}

function placeOf({ namespace, service }: Candidate): string {
  return formatKey(namespace, service);
}

/** Whether any pod behind a Service (`namespace/name`) is ready. */
export async function isAnswered(client: Pick<KubeClient, 'list'>, place: string): Promise<boolean> {
  const [namespace = '', service = ''] = place.split('/');
  const labelSelector = `kubernetes.io/service-name=${service}`;
  const { items } = await client.list<EndpointSlice>(endpointSlices, { namespace, labelSelector });
  return items.some(({ endpoints }) => (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false));
}
