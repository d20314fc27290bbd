import { int32, uint32 } from './istio-scalars.ts';
import { destination } from './route-destination.ts';
import type { Infer } from './schema.ts';
import { array, map, object, required, string } from './schema.ts';

const routeDestination = object('A destination with its share of the connections.', {
  destination: required(destination('Where the connections go.')),
  weight: int32('Its share, relative to the sum of all weights of the route.'),
});

const gateways = array(
  "Gateways that the match is for, instead of the VirtualService's own.",
  string('Name of a gateway.'),
);
const destinationSubnets = array('Addresses that the connection goes to.', string('An address or a CIDR range.'));
const port = uint32('The port that the connection goes to.');
const sourceLabels = map('Labels of the workload that connects.', string('A label value.'));
const sourceNamespace = string('Namespace of the workload that connects.');

const l4MatchAttributes = object('Conditions on a connection, all of which have to hold.', {
  destinationSubnets,
  port,
  sourceSubnet: string('Deprecated: has no effect.'),
  sourceLabels,
  sourceNamespace,
  gateways,
});

const tlsMatchAttributes = object('Conditions on a TLS connection, all of which have to hold.', {
  sniHosts: required(array('Server names (SNI), each a name or a wildcard of it.', string('A name or wildcard.'))),
  destinationSubnets,
  port,
  sourceLabels,
  sourceNamespace,
  gateways,
});

/** Istio's TCPRoute. */
export const tcpRoute = object('One rule for TCP connections.', {
  match: array('Conditions, one of which has to hold; all connections when empty.', l4MatchAttributes),
  route: array('Where connections are forwarded to, by weight.', routeDestination),
});

/** Istio's TLSRoute: TLS that is passed through, by server name. */
export const tlsRoute = object('One rule for TLS connections that are passed through unopened.', {
  match: required(array('Conditions, one of which has to hold.', tlsMatchAttributes)),
  route: array('Where connections are forwarded to, by weight.', routeDestination),
});

export type TcpRoute = Infer<typeof tcpRoute>;
export type TlsRoute = Infer<typeof tlsRoute>;
export type RouteDestination = Infer<typeof routeDestination>;
export type L4MatchAttributes = Infer<typeof l4MatchAttributes>;
export type TlsMatchAttributes = Infer<typeof tlsMatchAttributes>;
