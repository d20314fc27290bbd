import { workloadName } from '../../lib/kube/pod-owner.ts';
import type { Pod } from '../../lib/kube/types.ts';
import type { ContainerPort, Workload } from '../model/workload.ts';

/**
 * Reads a pod; undefined while it has no address, and when it has ended. One on the host's network shares its address
 * with its node and other pods, so it has none of its own.
 */
export function workloadFromPod(pod: Pod): Workload | undefined {
  const { spec = {}, status = {}, metadata } = pod;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return undefined;
  const given = status.podIPs?.map(({ ip }) => ip) ?? (status.podIP === undefined ? [] : [status.podIP]);
  if (given.length === 0) return undefined;
  const addresses = spec.hostNetwork === true ? [] : given;
  return {
    name: workloadName(metadata),
    pod: metadata.name,
    namespace: metadata.namespace ?? 'default',
    serviceAccount: spec.serviceAccountName ?? 'default',
    addresses,
    labels: metadata.labels ?? {},
    containerPorts: containerPorts(pod),
    ...(spec.nodeName === undefined ? {} : { node: spec.nodeName }),
  };
}

function containerPorts(pod: Pod): readonly ContainerPort[] {
  // Native sidecars serve ports too; init containers proper have ended by the time traffic arrives.
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...(pod.spec?.containers ?? []), ...sidecars]
    .flatMap(({ ports = [] }) => ports)
    .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
    .map(({ name = '', containerPort }) => ({ name, port: containerPort }));
}

/** Keeps of a pod what the mesh reads, so that a large cluster's pods stay small in memory. */
export function prunePod(pod: Pod): Pod {
  const { metadata, spec = {}, status = {} } = pod;
  const { name, namespace, uid, resourceVersion, labels, ownerReferences, creationTimestamp, deletionTimestamp } =
    metadata;
  const container = ({ name, ports, restartPolicy }: NonNullable<typeof spec.containers>[number]) => ({
    name,
    ...(ports === undefined ? {} : { ports }),
    ...(restartPolicy === undefined ? {} : { restartPolicy }),
  });
  return {
    metadata: {
      name,
      ...defined({ namespace, uid, resourceVersion, labels, ownerReferences, creationTimestamp, deletionTimestamp }),
    },
    spec: {
      ...defined({
        serviceAccountName: spec.serviceAccountName,
        nodeName: spec.nodeName,
        hostNetwork: spec.hostNetwork,
      }),
      containers: (spec.containers ?? []).map(container),
      initContainers: (spec.initContainers ?? []).map(container),
    },
    status: defined({ phase: status.phase, podIP: status.podIP, podIPs: status.podIPs }),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The object without its undefined values. */
function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
