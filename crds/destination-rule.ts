import { istioStatus } from './istio-status.ts';
import type { ObjectOfKind } from './kind.ts';
import { ageColumn, defineKind } from './kind.ts';
import type { Infer } from './schema.ts';
import { array, map, object, required, string } from './schema.ts';
import { trafficPolicy } from './traffic-policy.ts';
import { workloadSelector } from './workload-selector.ts';

export type { ConnectionPoolSettings, HttpSettings, TcpSettings } from './connection-pool.ts';
export type { ConsistentHash, LoadBalancerSettings, LocalityLbSetting, Warmup } from './load-balancer.ts';
export type {
  ClientTlsSettings,
  OutlierDetection,
  PortTrafficPolicy,
  RetryBudget,
  TrafficPolicy,
  Tunnel,
} from './traffic-policy.ts';

const subset = object('A named part of the endpoints.', {
  name: required(string('Name of the subset, for the routes of a VirtualService.')),
  labels: map('Labels that the endpoints carry, all of them.', string('A label value.')),
  trafficPolicy,
});

const spec = object('How traffic to a host is sent, once a VirtualService has chosen it.', {
  host: required(string("A service of the registry. A name without dots is completed with the rule's own namespace.")),
  trafficPolicy,
  subsets: array('Named parts of the endpoints, such as versions.', subset),
  exportTo: array(
    'Namespaces that see the rule: . for its own, * for all; all when empty.',
    string('A namespace, . or *.'),
  ),
  workloadSelector: workloadSelector('The client workloads that the rule is for; all when not given.'),
});

export const destinationRule = defineKind({
  group: 'networking.istio.io',
  kind: 'DestinationRule',
  plural: 'destinationrules',
  singular: 'destinationrule',
  shortNames: ['dr'],
  categories: ['istio-io', 'networking-istio-io'],
  scope: 'Namespaced',
  versions: [
    { name: 'v1', storage: true },
    { name: 'v1beta1', storage: false },
    { name: 'v1alpha3', storage: false },
  ],
  printerColumns: [
    { name: 'Host', type: 'string', description: 'The service that the rule is about.', jsonPath: '.spec.host' },
    ageColumn,
  ],
  description: 'DestinationRule says how traffic to a host is sent: load balancing, limits, TLS, subsets.',
  spec: required(spec),
  status: istioStatus,
});

export type DestinationRule = ObjectOfKind<typeof destinationRule>;
export type DestinationRuleSpec = Infer<typeof spec>;
export type Subset = Infer<typeof subset>;
