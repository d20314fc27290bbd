import { describe, expect, it } from 'vitest';
import { problemsOf } from './problems-of.testing.ts';

const problems = (yaml: string) => problemsOf('networking.istio.io/v1', 'DestinationRule', yaml);

type Case = readonly [what: string, yaml: string, ...problems: string[]];

const wholes: readonly Case[] = [
  ['no host', '{}', 'error spec.host: is required'],
  ['an empty host', '{host: ""}', 'error spec.host: "" is neither a host name nor a wildcard of one'],
  ['a host that is none', '{host: "a b"}', 'error spec.host: "a b" is neither a host name nor a wildcard of one'],
  ['a subset without name', '{host: a, subsets: [{labels: {b: c}}]}', 'error spec.subsets[0].name: is required'],
  [
    'a subset name that is none',
    '{host: a, subsets: [{name: v_1}]}',
    'error spec.subsets[0].name: "v_1" is no DNS label, as names of subsets are',
  ],
  [
    'a subset twice',
    '{host: a, subsets: [{name: v1}, {name: v2}, {name: v1}]}',
    'error spec.subsets[2]: subset "v1" stands here twice',
  ],
  [
    'labels that are none',
    '{host: a, subsets: [{name: v1, labels: {version: "1 2"}}]}',
    'error spec.subsets[0].labels.version: "1 2" is no label value',
  ],
  [
    'a wrong policy of a subset',
    '{host: a, subsets: [{name: v1, trafficPolicy: {}}]}',
    'error spec.subsets[0].trafficPolicy: must have at least one setting',
  ],
  [
    'exportTo no namespace',
    '{host: a, exportTo: [A_]}',
    'error spec.exportTo[0]: "A_" is neither . nor * nor the name of a namespace',
  ],
  [
    'a selector for other namespaces',
    '{host: a, workloadSelector: {matchLabels: {b: c}}, exportTo: ["*"]}',
    'error spec.exportTo[0]: must be . together with workloadSelector, is "*"',
  ],
  [
    'a selector without labels',
    '{host: a, workloadSelector: {}}',
    'warning spec.workloadSelector: names no label, so that it selects every workload',
  ],
];

describe('validation of a DestinationRule', () => {
  it.each(wholes)('finds %s', (_, yaml, ...expected) => expect(problems(yaml)).toEqual(expected));

  it.each([
    ['a host alone', '{host: reviews}'],
    ['any host', '{host: "*", trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}'],
    [
      'subsets',
      '{host: reviews.default.svc.cluster.local, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: ""}, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}], exportTo: [., other]}',
    ],
    [
      'a pool and detection',
      '{host: a, trafficPolicy: {connectionPool: {tcp: {maxConnections: 100, connectTimeout: 30ms, idleTimeout: 0s, tcpKeepalive: {time: 7200s, interval: 75s}}, http: {http2MaxRequests: 1000, maxRequestsPerConnection: 10, idleTimeout: 1h, h2UpgradePolicy: UPGRADE}}, outlierDetection: {consecutive5xxErrors: 7, consecutiveGatewayErrors: null, interval: 5m, baseEjectionTime: 15m, maxEjectionPercent: 100, splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 5}}}',
    ],
    [
      'hashing',
      '{host: a, trafficPolicy: {loadBalancer: {consistentHash: {httpCookie: {name: user, path: /, ttl: 0s}, maglev: {tableSize: 65537}}}}}',
    ],
    [
      'localities',
      '{host: a, trafficPolicy: {outlierDetection: {}, loadBalancer: {simple: LEAST_REQUEST, localityLbSetting: {enabled: true, distribute: [{from: "eu/*", to: {"eu/a/*": 80, "eu/b/*": 20}}, {from: us/a/1, to: {"*": 100}}], failoverPriority: [topology.kubernetes.io/region, version=v1]}}}}',
    ],
    [
      'failover',
      '{host: a, trafficPolicy: {outlierDetection: {}, loadBalancer: {localityLbSetting: {failover: [{from: eu, to: us}]}}}}',
    ],
    [
      'TLS',
      '{host: a, trafficPolicy: {tls: {mode: MUTUAL, clientCertificate: /a, privateKey: /b, caCertificates: /c, sni: d, subjectAltNames: [e]}, portLevelSettings: [{port: {number: 443}, tls: {mode: MUTUAL, credentialName: a}}, {port: {number: 80}, tls: {mode: SIMPLE, insecureSkipVerify: true}}]}}',
    ],
    [
      'a tunnel and a warm-up',
      '{host: a, trafficPolicy: {tunnel: {protocol: CONNECT, targetHost: 10.0.0.1, targetPort: 443}, loadBalancer: {simple: ROUND_ROBIN, warmup: {duration: 60s, minimumPercent: 10, aggression: 1.5}}}}',
    ],
    ['a selector', '{host: a, workloadSelector: {matchLabels: {app: b}}, exportTo: [default]}'],
  ])('has nothing against %s', (_, yaml) => expect(problems(yaml)).toEqual([]));
});
