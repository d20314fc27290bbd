import { connectionPool } from './connection-pool.ts';
import { duration, int32, portSelector, uint32 } from './istio-scalars.ts';
import { loadBalancer } from './load-balancer.ts';
import type { Infer } from './schema.ts';
import { array, boolean, enumeration, integer, nullable, number, object, required, string } from './schema.ts';

const outlierDetection = object('Takes endpoints that fail out of the load balancing for a while.', {
  consecutive5xxErrors: nullable(uint32('5xx answers in a row after which an endpoint is ejected; 0 turns it off.')),
  consecutiveGatewayErrors: nullable(
    uint32('502, 503 and 504 answers in a row after which an endpoint is ejected; 0 turns it off.'),
  ),
  consecutiveLocalOriginFailures: nullable(uint32('Local failures in a row after which an endpoint is ejected.')),
  splitExternalLocalOriginErrors: boolean('Count failures to connect apart from errors that the endpoint answers.'),
  consecutiveErrors: int32('Deprecated: use consecutive5xxErrors.'),
  interval: duration('Pause between two looks at the endpoints.'),
  baseEjectionTime: duration('Shortest ejection; grows with the number of ejections.'),
  maxEjectionPercent: int32('Largest share of the endpoints that may be ejected, in percent.'),
  minHealthPercent: int32('Share of healthy endpoints below which none is ejected, in percent.'),
  outlierDetectionHttpErrorCodes: array(
    'Status codes that count as errors, instead of 5xx.',
    integer('An HTTP status.', { minimum: 100, maximum: 599 }),
  ),
});

const clientTls = object('TLS of connections to the host.', {
  mode: enumeration(
    'DISABLE for plaintext, SIMPLE for TLS, MUTUAL with own certificates, ISTIO_MUTUAL with those of the mesh.',
    ['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'],
  ),
  clientCertificate: string('File with the client certificate; needed for MUTUAL.'),
  privateKey: string('File with the private key; needed for MUTUAL.'),
  caCertificates: string('File with the certificates that the server is verified by.'),
  caCrl: string('File with a certificate revocation list.'),
  credentialName: string('Secret with key and certificates, instead of files.'),
  subjectAltNames: array('Names, one of which the certificate of the server has to carry.', string('A name.')),
  sni: string('Server name to send.'),
  insecureSkipVerify: nullable(boolean('Do not verify the certificate of the server.')),
});

const tunnel = object('Tunnels connections through the host.', {
  protocol: string('CONNECT or POST; CONNECT when not given.'),
  targetHost: required(string('The host to reach through the tunnel.')),
  targetPort: required(uint32('The port to reach through the tunnel.')),
});

const retryBudget = object('Bounds retries by the number of requests in flight.', {
  percent: nullable(
    number('Most retries, in percent of the requests in flight.', { format: 'double', minimum: 0, maximum: 100 }),
  ),
  budgetInterval: string('Window in which requests count.'),
  minRetryConcurrency: uint32('Retries that are always allowed.'),
});

const portTrafficPolicy = object('How traffic to one port is sent, instead of the policy of the host.', {
  port: portSelector('The port.'),
  loadBalancer,
  connectionPool,
  outlierDetection,
  tls: clientTls,
});

/** Istio's TrafficPolicy. */
export const trafficPolicy = object('How traffic to the host is sent.', {
  loadBalancer,
  connectionPool,
  outlierDetection,
  tls: clientTls,
  portLevelSettings: array('Policies of single ports.', portTrafficPolicy, { maxItems: 4096 }),
  tunnel,
  proxyProtocol: object('Sends the PROXY protocol to the host.', {
    version: enumeration('Version of the protocol.', ['V1', 'V2']),
  }),
  retryBudget,
});

export type TrafficPolicy = Infer<typeof trafficPolicy>;
export type PortTrafficPolicy = Infer<typeof portTrafficPolicy>;
export type OutlierDetection = Infer<typeof outlierDetection>;
export type ClientTlsSettings = Infer<typeof clientTls>;
export type Tunnel = Infer<typeof tunnel>;
export type RetryBudget = Infer<typeof retryBudget>;
