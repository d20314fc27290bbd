import { duration, uint32 } from './istio-scalars.ts';
import type { Infer } from './schema.ts';
import { array, boolean, enumeration, integer, map, nullable, number, object, required, string } from './schema.ts';

const httpCookie = object('Hash of a cookie; made when it is missing and has a TTL.', {
  name: required(string('Name of the cookie.')),
  path: string('Path to set on a cookie that is made.'),
  ttl: string('Lifetime of a cookie that is made; 0s makes a session cookie.'),
  attributes: array(
    'More attributes to set on a cookie that is made.',
    object('An attribute of the cookie.', {
      name: required(string('Name of the attribute.')),
      value: string('Value of the attribute.'),
    }),
  ),
});

const consistentHash = object(
  'Sends what hashes alike to the same endpoint.',
  {
    httpHeaderName: string('Hash of a request header.'),
    httpCookie,
    useSourceIp: boolean('Hash of the address of the client.'),
    httpQueryParameterName: string('Hash of a query parameter.'),
    ringHash: object('The ring hash algorithm.', {
      minimumRingSize: integer('Least number of virtual nodes on the ring.', { minimum: 0 }),
    }),
    maglev: object('The Maglev algorithm.', {
      tableSize: integer('Size of the table; has to be prime.', { minimum: 0 }),
    }),
    minimumRingSize: integer('Deprecated: use ringHash.minimumRingSize.', { minimum: 0 }),
  },
  {
    atMostOne: [
      ['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'],
      ['ringHash', 'maglev'],
    ],
  },
);

const failover = array(
  'Where traffic of a region goes when that region fails.',
  object('One region and the one that stands in for it.', {
    from: string('The region that fails.'),
    to: string('The region that stands in.'),
  }),
);
const failoverPriority = array(
  'Labels whose equality with the client makes an endpoint preferred, most important first.',
  string('A label key, or key=value.'),
);

const localityLbSetting = object('Prefers endpoints by where they are.', {
  enabled: nullable(boolean('Whether endpoints are preferred by where they are.')),
  distribute: array(
    'Shares of traffic by locality of the client.',
    object('Shares for clients of one locality.', {
      from: string('Locality of the client: region/zone/subzone, * at the end for any.'),
      to: map('Percent for each locality; the sum has to be 100.', uint32('Percent of the traffic.')),
    }),
  ),
  failover,
  failoverPriority,
});

const zoneAwareLbSetting = object(
  'Keeps traffic in the zone of the client as far as the endpoints there can take it.',
  {
    enabled: nullable(boolean('Whether traffic is kept in its zone.')),
    failover,
    failoverPriority,
    minClusterSize: nullable(
      integer('Least number of endpoints for which it is done.', { minimum: 1, maximum: 4_294_967_295 }),
    ),
  },
);

const warmup = object('Lets the traffic to a new endpoint rise slowly.', {
  duration: required(duration('How long it rises.')),
  minimumPercent: nullable(number('Share it begins with, in percent.', { format: 'double', minimum: 0, maximum: 100 })),
  aggression: nullable(number('How fast it rises at first; 1 is linear.', { format: 'double', minimum: 0 })),
});

/** Istio's LoadBalancerSettings. */
export const loadBalancer = object(
  'How an endpoint is chosen.',
  {
    simple: enumeration('An algorithm without parameters.', [
      'UNSPECIFIED',
      'LEAST_CONN',
      'RANDOM',
      'PASSTHROUGH',
      'ROUND_ROBIN',
      'LEAST_REQUEST',
    ]),
    consistentHash,
    localityLbSetting,
    zoneAwareLbSetting,
    warmup,
    warmupDurationSecs: duration('Deprecated: use warmup.duration.'),
  },
  { atMostOne: [['simple', 'consistentHash']] },
);

export type LoadBalancerSettings = Infer<typeof loadBalancer>;
export type ConsistentHash = Infer<typeof consistentHash>;
export type LocalityLbSetting = Infer<typeof localityLbSetting>;
export type Warmup = Infer<typeof warmup>;
