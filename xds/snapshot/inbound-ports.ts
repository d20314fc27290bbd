import type { Mesh } from '../model/mesh.ts';
import { mutualTlsModeOf } from '../model/peer-authentication.ts';
import type { Service, ServicePort } from '../model/service.ts';
import type { InboundPort, Workload } from '../model/workload.ts';

/**
 * The container ports of a workload that services send to, in order of their numbers. A service is the workload's when
 * it selects its labels, or has an endpoint at its address (services without a selector). Of several services of one
 * port the oldest decides.
 */
export function inboundPortsOf(mesh: Mesh, workload: Workload): readonly InboundPort[] {
  const { namespace, labels } = workload;
  const selecting = mesh.servicesSelecting(namespace, labels);
  const hosts = new Set(workload.addresses.flatMap((address) => mesh.hostsAt(address)));
  for (const { hostname } of selecting) hosts.delete(hostname);
  const byAddress = [...hosts].flatMap((host) => mesh.service(host) ?? []).filter((it) => it.namespace === namespace);
  const services = [...selecting, ...byAddress].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  const policies = mesh.peerAuthentications(namespace);
  const ports = new Map<number, InboundPort>();
  for (const service of services) {
    for (const servicePort of service.ports) {
      const port = targetPortOf(mesh, workload, service, servicePort);
      if (port === undefined || ports.has(port)) continue;
      const mutualTls = mutualTlsModeOf(policies, mesh.settings, workload, port);
      ports.set(port, { port, protocol: servicePort.protocol, service, servicePort, mutualTls });
    }
  }
  return [...ports.values()].sort((a, b) => a.port - b.port);
}

function targetPortOf(mesh: Mesh, workload: Workload, service: Service, port: ServicePort): number | undefined {
  const endpoint = mesh
    .endpoints(service.hostname)
    .find(({ address, servicePort }) => servicePort === port.name && workload.addresses.includes(address));
  if (endpoint !== undefined) return endpoint.port;
  if (typeof port.targetPort === 'number') return port.targetPort;
  return workload.containerPorts.find(({ name }) => name === port.targetPort)?.port;
}

function rank({ createdAt, hostname }: Service): string {
  return `${createdAt}|${hostname}`;
}
