import { destinationRules, peerAuthentications, virtualServices } from '../../crds/kinds.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { isNotServed } from '../../lib/kube/error.ts';
import type { Informer } from '../../lib/kube/informer.ts';
import { createInformer } from '../../lib/kube/informer.ts';
import type { KubeObject, ObjectRef } from '../../lib/kube/object.ts';
import { keyOf } from '../../lib/kube/object.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { endpointSlices, nodes, pods, services } from '../../lib/kube/resources.ts';
import type { Node } from '../../lib/kube/types.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Registry } from '../../lib/metrics.ts';
import type { MeshStore, RuleKind, Rules } from './mesh-store.ts';
import { prunePod } from './workload.ts';

export interface KubernetesSourceOptions {
  readonly client: KubeClient;
  readonly store: MeshStore;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly signal: AbortSignal;
  /** Told of each pod that is gone, by uid, as soon as the watch says so. */
  readonly onPodGone?: ((uid: string) => void) | undefined;
}

/** Follows everything that the mesh is made of. Resolves once the store holds all that the API server has. */
export async function followKubernetes(source: KubernetesSourceOptions): Promise<void> {
  const { client, store, logger, metrics, onPodGone } = source;
  const options = { logger, metrics };
  const podInformer = follow(
    source,
    createInformer(client, pods, { ...options, prune: prunePod }),
    (pod) => store.setPod(pod),
    (ref) => store.deletePod(ref),
  );
  podInformer.onChange({ deleted: ({ metadata: { uid } }) => uid !== undefined && onPodGone?.(uid) });
  // Pods and nodes first, so that endpoints find their workloads at the first look.
  const builtIn = [
    follow(
      source,
      createInformer(client, nodes, { ...options, prune: pruneNode }),
      (node) => store.setNode(node),
      (ref) => store.deleteNode(ref),
    ),
    podInformer,
    follow(
      source,
      createInformer(client, services, options),
      (service) => store.setService(service),
      (ref) => store.deleteService(ref),
    ),
    follow(
      source,
      createInformer(client, endpointSlices, options),
      (slice) => store.setEndpointSlice(slice),
      (ref) => store.deleteEndpointSlice(ref),
    ),
  ];
  const rules = [
    followRule(source, virtualServices, 'VirtualService'),
    followRule(source, destinationRules, 'DestinationRule'),
    followRule(source, peerAuthentications, 'PeerAuthentication'),
  ];
  await Promise.all([...builtIn.map((informer) => informer.synced()), ...rules]);
}

function follow<T extends KubeObject>(
  { signal, logger }: KubernetesSourceOptions,
  informer: Informer<T>,
  put: (object: T) => void,
  remove: (ref: ObjectRef) => void,
): Informer<T> {
  // An object that no schema should have let through must not keep the others away.
  const guarded = ({ kind, metadata }: T, action: () => void): void => {
    try {
      action();
    } catch (error) {
      logger.error('cannot take in an object; it is left out', { kind, object: keyOf({ metadata }), error });
    }
  };
  const putGuarded = (object: T): void => guarded(object, () => put(object));
  informer.onChange({
    added: putGuarded,
    updated: putGuarded,
    deleted: (object) => guarded(object, () => remove(object.metadata)),
  });
  informer.start(signal);
  return informer;
}

/** A kind that the API server does not serve (yet) holds nobody up: there are no rules of it until it does. */
async function followRule<K extends RuleKind>(
  source: KubernetesSourceOptions,
  resource: Resource<Rules[K]>,
  kind: K,
): Promise<void> {
  const { client, store, logger, metrics } = source;
  const informer = follow(
    source,
    createInformer(client, resource, { logger, metrics }),
    (rule) => store.setRule(kind, rule),
    (ref) => store.deleteRule(kind, ref),
  );
  const served = await client.list(resource, { limit: 1 }).then(
    () => true,
    (error: unknown) => !isNotServed(error),
  );
  if (served) await informer.synced();
  else logger.warn('the API server does not serve this kind; there are no rules of it until it does', { kind });
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
