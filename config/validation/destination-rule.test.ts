import { describe, expect, it } from 'vitest';
import { problemsOf } from './problems-of.ts';

const problems = (yaml: string) => problemsOf('networking.istio.io/v1', 'DestinationRule', yaml);
const policy = (yaml: string) => problems(`{host: a, trafficPolicy: ${yaml}}`);
const at = 'spec.trafficPolicy';

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

const policies: readonly Case[] = [
  ['an empty policy', '{}', `error ${at}: must have at least one setting`],
  [
    'simple and consistentHash',
    '{loadBalancer: {simple: RANDOM, consistentHash: {useSourceIp: true}}}',
    `error ${at}.loadBalancer: must not have both simple and consistentHash`,
  ],
  [
    'an unknown algorithm',
    '{loadBalancer: {simple: BEST}}',
    `error ${at}.loadBalancer.simple: must be one of UNSPECIFIED, LEAST_CONN, RANDOM, PASSTHROUGH, ROUND_ROBIN, LEAST_REQUEST, is "BEST"`,
  ],
  [
    'a hash of nothing',
    '{loadBalancer: {consistentHash: {maglev: {}}}}',
    `error ${at}.loadBalancer.consistentHash: must have one of httpHeaderName, httpCookie, useSourceIp, httpQueryParameterName`,
  ],
  [
    'a hash of two things',
    '{loadBalancer: {consistentHash: {useSourceIp: true, httpHeaderName: x}}}',
    `error ${at}.loadBalancer.consistentHash: must have one of httpHeaderName and useSourceIp, not all of them`,
  ],
  [
    'a hash of no header',
    '{loadBalancer: {consistentHash: {httpHeaderName: "a b"}}}',
    `error ${at}.loadBalancer.consistentHash.httpHeaderName: "a b" is no name of a header`,
  ],
  [
    'a cookie without name',
    '{loadBalancer: {consistentHash: {httpCookie: {name: "", ttl: 0s}}}}',
    `error ${at}.loadBalancer.consistentHash.httpCookie.name: must not be empty`,
  ],
  [
    'a cookie without time',
    '{loadBalancer: {consistentHash: {httpCookie: {name: a, ttl: soon}}}}',
    `error ${at}.loadBalancer.consistentHash.httpCookie.ttl: must be a duration such as 250ms, 1.5s or 2h, is "soon"`,
  ],
  [
    'two algorithms of hashing',
    '{loadBalancer: {consistentHash: {useSourceIp: true, ringHash: {}, maglev: {}}}}',
    `error ${at}.loadBalancer.consistentHash: must not have both ringHash and maglev`,
  ],
  [
    'the deprecated ring size',
    '{loadBalancer: {consistentHash: {useSourceIp: true, minimumRingSize: 5, ringHash: {}}}}',
    `warning ${at}.loadBalancer.consistentHash.minimumRingSize: is deprecated; use ringHash.minimumRingSize`,
    `error ${at}.loadBalancer.consistentHash.minimumRingSize: must not be there together with ringHash or maglev`,
  ],
  [
    'a table whose size is not prime',
    '{loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 65536}}}}',
    `error ${at}.loadBalancer.consistentHash.maglev.tableSize: must be a prime number, is 65536`,
  ],
  [
    'a table too large',
    '{loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 6000000}}}}',
    `error ${at}.loadBalancer.consistentHash.maglev.tableSize: must be 5000011 at most, is 6000000`,
  ],
  [
    'a warm-up without time',
    '{loadBalancer: {simple: RANDOM, warmup: {duration: 0s}}}',
    `error ${at}.loadBalancer.warmup.duration: must be 1ms or more, is 0s`,
  ],
  [
    'a warm-up that slows down',
    '{loadBalancer: {simple: RANDOM, warmup: {duration: 1s, aggression: 0.5}}}',
    `error ${at}.loadBalancer.warmup.aggression: must be 1 or more, is 0.5`,
  ],
  [
    'the deprecated warm-up',
    '{loadBalancer: {simple: RANDOM, warmupDurationSecs: 1s}}',
    `warning ${at}.loadBalancer.warmupDurationSecs: is deprecated; use warmup`,
  ],
  [
    'distribute and failover',
    '{outlierDetection: {}, loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 100}}], failover: [{from: a, to: b}]}}}',
    `error ${at}.loadBalancer.localityLbSetting: must not have both distribute and failover`,
  ],
  [
    'shares that are not the whole',
    '{loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 60, c: 30}}]}}}',
    `error ${at}.loadBalancer.localityLbSetting.distribute[0].to: the shares must sum up to 100, but sum up to 90`,
  ],
  [
    'a share of nothing',
    '{loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 100, c: 0}}]}}}',
    `error ${at}.loadBalancer.localityLbSetting.distribute[0].to.c: must be from 1 to 100, is 0`,
  ],
  [
    'localities that overlap',
    '{loadBalancer: {localityLbSetting: {distribute: [{from: a/*, to: {b: 100}}, {from: a/b/c, to: {b: 100}}]}}}',
    `error ${at}.loadBalancer.localityLbSetting.distribute[1].from: "a/b/c" overlaps with "a/*"`,
  ],
  [
    'localities that overlap in any order',
    '{loadBalancer: {localityLbSetting: {distribute: [{from: a/b/c, to: {b: 100}}, {from: a, to: {b: 100}}]}}}',
    `error ${at}.loadBalancer.localityLbSetting.distribute[0].from: "a/b/c" overlaps with "a"`,
  ],
  [
    'a locality that is none',
    '{loadBalancer: {localityLbSetting: {distribute: [{from: "*/b", to: {b//c: 100}}]}}}',
    `error ${at}.loadBalancer.localityLbSetting.distribute[0].to: "b//c" is no locality such as region/zone/subzone or region/*`,
    `error ${at}.loadBalancer.localityLbSetting.distribute[0].from: "*/b" is no locality such as region/zone/subzone or region/*`,
  ],
  [
    'failover to itself',
    '{outlierDetection: {}, loadBalancer: {localityLbSetting: {failover: [{from: a, to: a}]}}}',
    `error ${at}.loadBalancer.localityLbSetting.failover[0]: from and to must be different regions, are both "a"`,
  ],
  [
    'failover to a zone',
    '{outlierDetection: {}, loadBalancer: {localityLbSetting: {failover: [{from: a, to: b/c}]}}}',
    `error ${at}.loadBalancer.localityLbSetting.failover[0].to: must be a region without zone and *, is "b/c"`,
  ],
  [
    'failover without detection',
    '{loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}]}}}',
    `warning ${at}.loadBalancer.localityLbSetting: fails over only with outlierDetection in the same policy, which is not there`,
  ],
  [
    'a priority that is no label',
    '{outlierDetection: {}, loadBalancer: {localityLbSetting: {failoverPriority: ["a b=c"]}}}',
    `error ${at}.loadBalancer.localityLbSetting.failoverPriority[0]: "a b" is no label key`,
  ],
  [
    'a priority by region beside failover',
    '{outlierDetection: {}, loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}], failoverPriority: [topology.kubernetes.io/region]}}}',
    `error ${at}.loadBalancer.localityLbSetting.failoverPriority[0]: "topology.kubernetes.io/region" must not be there together with failover`,
  ],
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

describe('validation of a DestinationRule', () => {
  it.each(wholes)('finds %s', (_, yaml, ...expected) => expect(problems(yaml)).toEqual(expected));
  it.each(policies)('finds %s in a policy', (_, yaml, ...expected) => expect(policy(yaml)).toEqual(expected));

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
