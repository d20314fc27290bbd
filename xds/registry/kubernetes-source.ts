import { destinationRules, peerAuthentications, virtualServices } from '../../crds/kinds.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { ChangeListener, Informer } from '../../lib/kube/informer.ts';
import { createInformer } from '../../lib/kube/informer.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import { endpointSlices, nodes, pods, services } from '../../lib/kube/resources.ts';
import type { Node } from '../../lib/kube/types.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Registry } from '../../lib/metrics.ts';
import type { MeshStore } from './mesh-store.ts';
import { prunePod } from './workload.ts';

export interface KubernetesSourceOptions {
  readonly client: KubeClient;
  readonly store: MeshStore;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly signal: AbortSignal;
}

/** Follows everything that the mesh is made of. Resolves once the store holds all that the API server has. */
export async function followKubernetes({
  client,
  store,
  logger,
  metrics,
  signal,
}: KubernetesSourceOptions): Promise<void> {
  const options = { logger, metrics };
  const follow = <T extends KubeObject>(informer: Informer<T>, listener: ChangeListener<T>): Informer<T> => {
    informer.onChange(listener);
    informer.start(signal);
    return informer;
  };
  const put = <T>(set: (object: T) => void) => ({ added: set, updated: set });

  const informers = [
    // Pods and nodes first, so that endpoints find their workloads at the first look.
    follow(
      createInformer(client, nodes, { ...options, prune: pruneNode }),
      put((node) => store.setNode(node)),
    ),
    follow(createInformer(client, pods, { ...options, prune: prunePod }), {
      ...put((pod) => store.setPod(pod)),
      deleted: ({ metadata }) => store.deletePod(metadata),
    }),
    follow(createInformer(client, services, options), {
      ...put((service) => store.setService(service)),
      deleted: ({ metadata }) => store.deleteService(metadata),
    }),
    follow(createInformer(client, endpointSlices, options), {
      ...put((slice) => store.setEndpointSlice(slice)),
      deleted: ({ metadata }) => store.deleteEndpointSlice(metadata),
    }),
    follow(createInformer(client, virtualServices, options), {
      ...put((rule) => store.setRule('VirtualService', rule)),
      deleted: ({ metadata }) => store.deleteRule('VirtualService', metadata),
    }),
    follow(createInformer(client, destinationRules, options), {
      ...put((rule) => store.setRule('DestinationRule', rule)),
      deleted: ({ metadata }) => store.deleteRule('DestinationRule', metadata),
    }),
    follow(createInformer(client, peerAuthentications, options), {
      ...put((rule) => store.setRule('PeerAuthentication', rule)),
      deleted: ({ metadata }) => store.deleteRule('PeerAuthentication', metadata),
    }),
  ];
  await Promise.all(informers.map((informer) => informer.synced()));
}

/** The mesh reads a node's labels only. */
function pruneNode({ metadata }: Node): Node {
  const { name, uid, resourceVersion, labels } = metadata;
  return {
    metadata: {
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(labels === undefined ? {} : { labels }),
    },
  };
}
