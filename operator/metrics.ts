import type { KubeClient } from '../lib/kube/client.ts';
import type { ObjectRef } from '../lib/kube/object.ts';
import { formatKey } from '../lib/kube/object.ts';
import type { Resource } from '../lib/kube/resources.ts';
import { resourceName } from '../lib/kube/resources.ts';
import type { Logger } from '../lib/logger.ts';
import type { Registry } from '../lib/metrics.ts';
import { counter, gauge } from '../lib/metrics.ts';
import { conditionTypes } from './reconcile/conditions.ts';
import type { Stores } from './reconcile/world.ts';

type Verb = 'create' | 'replace' | 'apply' | 'patch' | 'delete';

/** The same client, whose writes are counted: an operator that has nothing to do must be seen to do nothing. */
export function countingWrites(client: KubeClient, registry: Registry, logger: Logger): KubeClient {
  const writes = counter(registry, {
    name: 'meltemi_operator_writes_total',
    help: 'Writes to the API server, by verb and resource; the leader election aside.',
    labelNames: ['verb', 'resource'],
  });
  const count = (verb: Verb, resource: Resource, { namespace, name }: ObjectRef): void => {
    writes.inc({ verb, resource: resourceName(resource) });
    logger.debug('writing', { verb, resource: resourceName(resource), object: formatKey(namespace, name) });
  };
  return {
    server: client.server,
    get: (...args) => client.get(...args),
    list: (...args) => client.list(...args),
    watch: (...args) => client.watch(...args),
    raw: (...args) => client.raw(...args),
    close: () => client.close(),
    create: (resource, object, ...args) => (
      count('create', resource, object.metadata),
      client.create(resource, object, ...args)
    ),
    replace: (resource, object, ...args) => (
      count('replace', resource, object.metadata),
      client.replace(resource, object, ...args)
    ),
    apply: (resource, object, ...args) => (
      count('apply', resource, object.metadata),
      client.apply(resource, object, ...args)
    ),
    mergePatch: (resource, ref, ...args) => (count('patch', resource, ref), client.mergePatch(resource, ref, ...args)),
    jsonPatch: (resource, ref, ...args) => (count('patch', resource, ref), client.jsonPatch(resource, ref, ...args)),
    delete: (resource, ref, ...args) => (count('delete', resource, ref), client.delete(resource, ref, ...args)),
  };
}

/** Sets the metrics about MeshControlPlanes to what the informers know; called before metrics are read. */
export function measureControlPlanes(registry: Registry, { controlPlanes }: Pick<Stores, 'controlPlanes'>): void {
  const condition = gauge(registry, {
    name: 'meltemi_control_plane_condition',
    help: 'Conditions of MeshControlPlanes: 1 where the condition is True, else 0.',
    labelNames: ['control_plane', 'condition'],
  });
  const connected = gauge(registry, {
    name: 'meltemi_control_plane_proxies_connected',
    help: 'Sidecars that are connected to the control plane.',
    labelNames: ['control_plane', 'revision', 'version'],
  });
  condition.reset();
  connected.reset();
  for (const { metadata, status } of controlPlanes.list()) {
    for (const type of Object.values(conditionTypes)) {
      const isTrue = status?.conditions?.some((one) => one.type === type && one.status === 'True') === true;
      condition.set({ control_plane: metadata.name, condition: type }, isTrue ? 1 : 0);
    }
    const { revision = '', version = '' } = status ?? {};
    connected.set({ control_plane: metadata.name, revision, version }, status?.proxies?.connected ?? 0);
  }
}
