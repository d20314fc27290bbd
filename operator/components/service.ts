import { services } from '../../lib/kube/resources.ts';
import { ports } from '../../lib/ports.ts';
import { istiodName, istiodSelector } from '../names.ts';
import type { DesiredObject } from './desired.ts';
import { desired } from './desired.ts';
import { inNamespace } from './metadata.ts';
import type { Revision } from './revision.ts';

const tcp = (name: string, port: number, targetPort = port) => ({ name, port, targetPort, protocol: 'TCP' });

/** Where sidecars, the API server and Prometheus find istiod. */
export function service(revision: Revision): DesiredObject {
  return desired(services, inNamespace(revision, istiodName(revision.name)), {
    spec: {
      selector: istiodSelector(revision.name),
      ports: [
        tcp('https-xds', ports.xds),
        tcp('https-webhook', 443, ports.webhook),
        tcp('http-monitoring', ports.istiodMonitoring),
      ],
    },
  });
}
