import { describe, expect, it } from 'vitest';
import { problemsOf } from './problems-of.testing.ts';

const problems = (yaml: string) => problemsOf('networking.istio.io/v1', 'DestinationRule', yaml);
const policy = (yaml: string) => problems(`{host: a, trafficPolicy: ${yaml}}`);
const at = 'spec.trafficPolicy';

type Case = readonly [what: string, yaml: string, ...problems: string[]];

const policies: readonly Case[] = [
  ['an empty policy', '{}', `error ${at}: must have at least one setting`],
  ['an empty pool', '{connectionPool: {}}', `error ${at}.connectionPool: must have tcp, http or both`],
  [
    'negative connections',
    '{connectionPool: {tcp: {maxConnections: -1}}}',
    `error ${at}.connectionPool.tcp.maxConnections: must not be negative, is -1`,
  ],
  [
    'no time to connect',
    '{connectionPool: {tcp: {connectTimeout: 0s}}}',
    `error ${at}.connectionPool.tcp.connectTimeout: must be 1ms or more, is 0s`,
  ],
  [
    'no end to connect',
    '{connectionPool: {tcp: {connectTimeout: 2501h}}}',
    `error ${at}.connectionPool.tcp.connectTimeout: must be 2500h or less, is 2501h`,
  ],
  [
    'an idle time that is none',
    '{connectionPool: {tcp: {idleTimeout: -1s}}}',
    `error ${at}.connectionPool.tcp.idleTimeout: must be a duration such as 250ms, 1.5s or 2h, is "-1s"`,
  ],
  [
    'no time of keepalive',
    '{connectionPool: {tcp: {tcpKeepalive: {time: 0s, interval: 1us}}}}',
    `error ${at}.connectionPool.tcp.tcpKeepalive.time: must be 1ms or more, is 0s`,
    `error ${at}.connectionPool.tcp.tcpKeepalive.interval: must be 1ms or more, is 1us`,
  ],
  [
    'negative requests',
    '{connectionPool: {http: {http2MaxRequests: -2, maxRetries: -3}}}',
    `error ${at}.connectionPool.http.http2MaxRequests: must not be negative, is -2`,
    `error ${at}.connectionPool.http.maxRetries: must not be negative, is -3`,
  ],
  [
    'upgrade and the client’s protocol',
    '{connectionPool: {http: {useClientProtocol: true, h2UpgradePolicy: UPGRADE}}}',
    `error ${at}.connectionPool.http.useClientProtocol: must not be true together with h2UpgradePolicy UPGRADE`,
  ],
  [
    'pings without time',
    '{connectionPool: {http: {http2KeepAlive: {interval: x}}}}',
    `error ${at}.connectionPool.http.http2KeepAlive.interval: must be a duration such as 250ms, 1.5s or 2h, is "x"`,
  ],
  [
    'ejection of more than all',
    '{outlierDetection: {maxEjectionPercent: 101, minHealthPercent: -1}}',
    `error ${at}.outlierDetection.maxEjectionPercent: must be from 0 to 100, is 101`,
    `error ${at}.outlierDetection.minHealthPercent: must be from 0 to 100, is -1`,
  ],
  [
    'no time of ejection',
    '{outlierDetection: {baseEjectionTime: 0s, interval: 0s}}',
    `error ${at}.outlierDetection.interval: must be 1ms or more, is 0s`,
    `error ${at}.outlierDetection.baseEjectionTime: must be 1ms or more, is 0s`,
  ],
  [
    'local failures that are not split',
    '{outlierDetection: {consecutiveLocalOriginFailures: 3}}',
    `error ${at}.outlierDetection.consecutiveLocalOriginFailures: is only possible with splitExternalLocalOriginErrors: true`,
  ],
  [
    'the deprecated errors',
    '{outlierDetection: {consecutiveErrors: 3}}',
    `warning ${at}.outlierDetection.consecutiveErrors: is deprecated; use consecutive5xxErrors or consecutiveGatewayErrors`,
  ],
  [
    'MUTUAL without certificates',
    '{tls: {mode: MUTUAL}}',
    `error ${at}.tls.clientCertificate: is required for mode MUTUAL (or credentialName)`,
    `error ${at}.tls.privateKey: is required for mode MUTUAL (or credentialName)`,
  ],
  [
    'certificates beside a secret',
    '{tls: {mode: SIMPLE, credentialName: a, caCertificates: /b}}',
    `error ${at}.tls.caCertificates: must not be there together with credentialName`,
  ],
  [
    'own certificates for ISTIO_MUTUAL',
    '{tls: {mode: ISTIO_MUTUAL, privateKey: /b}}',
    `error ${at}.tls.privateKey: must not be there with mode ISTIO_MUTUAL, which uses the certificates of the mesh`,
  ],
  [
    'names of a server that is not verified',
    '{tls: {mode: SIMPLE, insecureSkipVerify: true, caCertificates: /b, subjectAltNames: [c]}}',
    `error ${at}.tls.caCertificates: must not be there together with insecureSkipVerify`,
    `error ${at}.tls.subjectAltNames: must not be there together with insecureSkipVerify`,
  ],
  [
    'an empty name of a server',
    '{tls: {mode: SIMPLE, subjectAltNames: [""]}}',
    `error ${at}.tls.subjectAltNames[0]: must not be empty`,
  ],
  [
    'a policy of no port',
    '{portLevelSettings: [{tls: {mode: SIMPLE}}]}',
    `error ${at}.portLevelSettings[0].port.number: is required`,
  ],
  [
    'a policy of port 0',
    '{portLevelSettings: [{port: {number: 0}, tls: {mode: SIMPLE}}]}',
    `error ${at}.portLevelSettings[0].port.number: must be from 1 to 65535, is 0`,
  ],
  [
    'an empty policy of a port',
    '{portLevelSettings: [{port: {number: 80}}]}',
    `error ${at}.portLevelSettings[0]: must have at least one setting`,
  ],
  [
    'a port twice',
    '{portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE}}, {port: {number: 80}, tls: {mode: DISABLE}}]}',
    `error ${at}.portLevelSettings[1].port.number: port 80 stands here twice`,
  ],
  [
    'a tunnel with the PROXY protocol',
    '{tunnel: {targetHost: a, targetPort: 80}, proxyProtocol: {version: V1}}',
    `error ${at}: must not have both tunnel and proxyProtocol`,
  ],
  [
    'a wrong tunnel',
    '{tunnel: {protocol: GET, targetHost: "a b", targetPort: 0}}',
    `error ${at}.tunnel.protocol: must be CONNECT or POST, is "GET"`,
    `error ${at}.tunnel.targetHost: "a b" is neither a host name nor an IP address`,
    `error ${at}.tunnel.targetPort: must be from 1 to 65535, is 0`,
  ],
  [
    'a retry budget',
    '{retryBudget: {percent: 101, budgetInterval: x}}',
    `error ${at}.retryBudget.percent: must be from 0 to 100, is 101`,
    `error ${at}.retryBudget.budgetInterval: must be a duration such as 250ms, 1.5s or 2h, is "x"`,
  ],
];

describe('validation of a traffic policy', () => {
  it.each(policies)('finds %s', (_, yaml, ...expected) => expect(policy(yaml)).toEqual(expected));
});
