import { describe, expect, it } from 'vitest';
import { problemsOf } from './problems-of.testing.ts';

const problems = (yaml: string) => problemsOf('networking.istio.io/v1', 'DestinationRule', yaml);
const policy = (yaml: string) => problems(`{host: a, trafficPolicy: ${yaml}}`);
const at = 'spec.trafficPolicy';

type Case = readonly [what: string, yaml: string, ...problems: string[]];

const policies: readonly Case[] = [
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
];

describe('validation of load balancing', () => {
  it.each(policies)('finds %s', (_, yaml, ...expected) => expect(policy(yaml)).toEqual(expected));
});
