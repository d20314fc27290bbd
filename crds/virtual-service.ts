import { httpRoute } from './http-route.ts';
import { istioStatus } from './istio-status.ts';
import type { ObjectOfKind } from './kind.ts';
import { ageColumn, defineKind } from './kind.ts';
import { tcpRoute, tlsRoute } from './layer4-route.ts';
import type { Infer } from './schema.ts';
import { array, object, required, string } from './schema.ts';

export type { HeaderOperations, Headers } from './header-operations.ts';
export type { HttpMatchRequest } from './http-match.ts';
export type {
  CorsPolicy,
  Delegate,
  HttpDirectResponse,
  HttpFaultAbort,
  HttpFaultDelay,
  HttpFaultInjection,
  HttpRedirect,
  HttpRetry,
  HttpRewrite,
} from './http-policies.ts';
export type { HttpMirrorPolicy, HttpRoute, HttpRouteDestination } from './http-route.ts';
export type { L4MatchAttributes, RouteDestination, TcpRoute, TlsMatchAttributes, TlsRoute } from './layer4-route.ts';
export type { Destination } from './route-destination.ts';
export type { StringMatch } from './string-match.ts';

const spec = object('Where traffic for some hosts goes.', {
  hosts: array(
    'Hosts that traffic is addressed to: names, wildcards such as *.example.com, or IP addresses.',
    string('A host.'),
  ),
  gateways: array(
    'Gateways and sidecars the rules are for; mesh, all sidecars, when empty.',
    string('mesh, or a gateway as name or namespace/name.'),
  ),
  http: array('Rules for HTTP, in order.', httpRoute),
  tls: array('Rules for TLS that is passed through, in order.', tlsRoute),
  tcp: array('Rules for all other TCP, in order.', tcpRoute),
  exportTo: array(
    'Namespaces that see the rules: . for its own, * for all; all when empty.',
    string('A namespace, . or *.'),
  ),
});

export const virtualService = defineKind({
  group: 'networking.istio.io',
  kind: 'VirtualService',
  plural: 'virtualservices',
  singular: 'virtualservice',
  shortNames: ['vs'],
  categories: ['istio-io', 'networking-istio-io'],
  scope: 'Namespaced',
  versions: [
    { name: 'v1', storage: true },
    { name: 'v1beta1', storage: false },
    { name: 'v1alpha3', storage: false },
  ],
  printerColumns: [
    {
      name: 'Gateways',
      type: 'string',
      description: 'Gateways and sidecars the rules are for.',
      jsonPath: '.spec.gateways',
    },
    { name: 'Hosts', type: 'string', description: 'Hosts that traffic is addressed to.', jsonPath: '.spec.hosts' },
    ageColumn,
  ],
  description: 'VirtualService says where traffic for some hosts goes.',
  spec: required(spec),
  status: istioStatus,
});

export type VirtualService = ObjectOfKind<typeof virtualService>;
export type VirtualServiceSpec = Infer<typeof spec>;
