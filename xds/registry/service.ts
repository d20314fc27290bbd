import type { Service as KubernetesService } from '../../lib/kube/types.ts';
import { serviceHostname } from '../model/hostname.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { protocolOf } from './protocol.ts';

/** Annotation that lists the namespaces a service is visible in. */
const exportToAnnotation = 'networking.istio.io/exportTo';

/** Reads a Kubernetes Service; UDP and SCTP ports are left out, since the mesh carries TCP. */
export function serviceFromKubernetes(object: KubernetesService, clusterDomain: string): Service {
  const { name, namespace = 'default', labels = {}, annotations = {}, creationTimestamp = '' } = object.metadata;
  const spec = object.spec ?? {};
  const external = spec.type === 'ExternalName';
  const addresses = (spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP])).filter(
    (address) => address !== '' && address !== 'None',
  );
  return {
    hostname: serviceHostname(name, namespace, clusterDomain),
    name,
    namespace,
    kind: external ? 'external-name' : addresses.length === 0 ? 'headless' : 'cluster-ip',
    addresses: external ? [] : addresses,
    ...(external && spec.externalName !== undefined ? { externalName: spec.externalName } : {}),
    ports: servicePorts(spec),
    labels,
    selector: spec.selector ?? {},
    exportTo: exportTo(annotations[exportToAnnotation]),
    createdAt: creationTimestamp,
  };
}

function servicePorts(spec: NonNullable<KubernetesService['spec']>): readonly ServicePort[] {
  return (spec.ports ?? [])
    .filter((port) => (port.protocol ?? 'TCP') === 'TCP')
    .map((port) => ({
      name: port.name ?? '',
      port: port.port,
      targetPort: port.targetPort ?? port.port,
      protocol: protocolOf(port),
    }));
}

function exportTo(annotation: string | undefined): readonly string[] {
  const namespaces = (annotation ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return namespaces.length === 0 ? ['*'] : namespaces;
}
