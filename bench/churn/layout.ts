/** Names and addresses of the churned mesh. */

export const namespaceCount = 10;
export const nodeCount = 4;

export const namespaceOf = (service: number): string => `churn-${service % namespaceCount}`;
export const serviceName = (service: number): string => `s${service}`;
export const hostOf = (service: number): string => `${serviceName(service)}.${namespaceOf(service)}.svc.cluster.local`;
export const nodeName = (node: number): string => `node-${node}`;
export const podName = (service: number): string => `${serviceName(service)}-0`;

/** The address of the pod that every service has. */
export const podAddress = (service: number): string => `10.100.${service >> 8}.${service & 255}`;

/** The addresses of endpoints that come and go have no pod. */
export const passingAddress = (service: number, index: number): string =>
  `10.${110 + index}.${service >> 8}.${service & 255}`;

/** The sidecar in a service's pod, as its agent would write the node. */
export interface SidecarIdentity {
  readonly id: string;
  readonly namespace: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function sidecarOf(service: number): SidecarIdentity {
  const namespace = namespaceOf(service);
  const address = podAddress(service);
  const id = `sidecar~${address}~${podName(service)}.${namespace}~${namespace}.svc.cluster.local`;
  return { id, namespace, address, labels: { app: serviceName(service) } };
}
