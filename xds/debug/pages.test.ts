import { create, fromJson, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { typedConfig } from '../envoy/any.ts';
import { ConfigDumpSchema } from '../envoy/gen/envoy/admin/v3/config_dump_pb.js';
import { ClusterSchema } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../envoy/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import { VirtualHostSchema } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { HttpConnectionManagerSchema } from '../envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { RouterSchema } from '../envoy/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import { UpstreamTlsContextSchema } from '../envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { aggregated } from '../translate/config-source.ts';
import { messageTypes } from './message-types.ts';
import { debugIndex, debugPage, pageNames } from './pages.ts';
import { connection, debugState, endpoint, resource } from './state.testing.ts';

const get = async (state: Parameters<typeof debugPage>[0], name: string, query = '') => {
  const { status = 200, body } = await debugPage(state, name, new URLSearchParams(query));
  return { status, body: body.toString() };
};
const json = async (...request: Parameters<typeof get>): Promise<unknown> => {
  const { status, body } = await get(...request);
  expect(status).toBe(200);
  return JSON.parse(body);
};

describe('syncz', () => {
  it('shows nonces in the fields that Istio has, and how far each type is', async () => {
    const lastSentAt = new Date('2026-01-01T00:00:05Z');
    const proxy = connection('web-1.shop', {
      subscriptions: {
        cluster: { nonceSent: 'n1', nonceAcked: 'n1', lastSentAt },
        endpoint: { nonceSent: 'n3', nonceAcked: 'n2', lastSentAt },
        listener: { nonceSent: 'n4', nonceAcked: 'n4', lastSentAt, lastError: 'no such filter' },
        route: {},
        virtualHost: { nonceSent: 'n5', nonceAcked: 'n5', lastSentAt },
      },
    });
    const type = (name: string) => `type.googleapis.com/envoy.config.${name}`;
    const sentTime = '2026-01-01T00:00:05.000Z';
    expect(await json(debugState([proxy]), 'syncz')).toEqual([
      {
        cluster_id: 'Kubernetes',
        proxy: 'sidecar~10.1.0.1~web-1.shop~shop.svc.cluster.local',
        proxy_type: 'sidecar',
        istio_version: '1.2.3',
        cluster_sent: 'n1',
        cluster_acked: 'n1',
        listener_sent: 'n4',
        endpoint_sent: 'n3',
        endpoint_acked: 'n2',
        resources: {
          [type('cluster.v3.Cluster')]: { sent: 'n1', acked: 'n1', sentTime, status: 'SYNCED' },
          [type('endpoint.v3.ClusterLoadAssignment')]: { sent: 'n3', acked: 'n2', sentTime, status: 'STALE' },
          [type('listener.v3.Listener')]: { sent: 'n4', sentTime, lastError: 'no such filter', status: 'ERROR' },
          [type('route.v3.RouteConfiguration')]: { status: 'NOT SENT' },
          [type('route.v3.VirtualHost')]: { sent: 'n5', acked: 'n5', sentTime, status: 'SYNCED' },
        },
      },
    ]);
  });

  it('holds all proxies in a fixed order, or those of a namespace', async () => {
    const state = debugState([connection('b.shop'), connection('a.shop'), connection('c.bank')]);
    const names = async (query?: string) =>
      ((await json(state, 'syncz', query)) as { proxy: string }[]).map(({ proxy }) => proxy.split('~')[2]);
    expect(await names()).toEqual(['a.shop', 'b.shop', 'c.bank']);
    expect(await names('namespace=bank')).toEqual(['c.bank']);
    expect(await names('namespace=none')).toEqual([]);
  });
});

describe('connections', () => {
  it('lists the streams as Istio does', async () => {
    expect(await json(debugState([connection('web-1.shop')]), 'connections')).toEqual({
      totalClients: 1,
      clients: [
        {
          connectionId: 'web-1.shop-1',
          connectedAt: '2026-01-01T00:00:00.000Z',
          address: '10.1.0.1',
          protocol: 'delta',
        },
      ],
    });
    expect(await json(debugState([]), 'connections')).toEqual({ totalClients: 0 });
  });
});

const cluster = resource('outbound|80||web', ClusterSchema, {
  name: 'outbound|80||web',
  transportSocket: {
    name: 'tls',
    configType: { case: 'typedConfig', value: typedConfig(UpstreamTlsContextSchema, { sni: 'web.shop' }) },
  },
});
const listener = resource('0.0.0.0_80', ListenerSchema, {
  name: '0.0.0.0_80',
  filterChains: [
    {
      filters: [
        {
          name: 'http',
          configType: {
            case: 'typedConfig',
            value: typedConfig(HttpConnectionManagerSchema, {
              httpFilters: [
                { name: 'router', configType: { case: 'typedConfig', value: typedConfig(RouterSchema, {}) } },
              ],
            }),
          },
        },
      ],
    },
  ],
});
const assignment = resource('outbound|80||web', ClusterLoadAssignmentSchema, { clusterName: 'outbound|80||web' });
const route = resource('80', RouteConfigurationSchema, {
  name: '80',
  vhds: { configSource: aggregated },
  virtualHosts: [{ name: 'allow_any', domains: ['*'] }],
});
const virtualHost = (name: string) =>
  resource(`80/${name}`, VirtualHostSchema, { name, domains: [name.split(':')[0] ?? ''] });

/** A proxy that has something of each type. */
const proxy = connection('web-1.shop', {
  subscriptions: { cluster: { nonceSent: 'n1', nonceAcked: 'n1', versionSent: '77' } },
  resources: {
    cluster: [cluster],
    listener: [listener],
    endpoint: [assignment],
    route: [route],
    virtualHost: [virtualHost('web:80'), virtualHost('api:80'), { ...virtualHost('far:81'), name: '81/far:81' }],
  },
});

interface Section extends Record<string, unknown> {
  readonly '@type': string;
}
const sections = async (query: string, of = proxy) =>
  ((await json(debugState([of]), 'config_dump', query)) as { configs: Section[] }).configs;
const typesOf = (configs: readonly Section[]) => configs.map((it) => it['@type'].replace(/^.*\.v3\./, ''));

describe('config_dump', () => {
  it("is Envoy's ConfigDump, extensions decoded and virtual hosts put into their route configuration", async () => {
    const configs = await sections('proxyID=web-1.shop');
    expect(typesOf(configs)).toEqual(['ClustersConfigDump', 'ListenersConfigDump', 'RoutesConfigDump']);
    expect(configs[0]).toMatchObject({
      versionInfo: '77',
      dynamicActiveClusters: [
        {
          versionInfo: 'v-outbound|80||web',
          cluster: {
            '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
            transportSocket: { typedConfig: { sni: 'web.shop' } },
          },
        },
      ],
    });
    expect(JSON.stringify(configs[1])).toContain('envoy.extensions.filters.http.router.v3.Router"');
    expect(configs[2]).toEqual({
      '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
      dynamicRouteConfigs: [
        {
          versionInfo: 'v-80',
          routeConfig: {
            '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
            name: '80',
            vhds: { configSource: { ads: {}, initialFetchTimeout: '0s', resourceApiVersion: 'V3' } },
            virtualHosts: [
              { name: 'allow_any', domains: ['*'] },
              { name: 'api:80', domains: ['api'] },
              { name: 'web:80', domains: ['web'] },
            ],
          },
        },
      ],
    });
  });

  it('can be read as the message that it is', async () => {
    const dump = await json(debugState([proxy]), 'config_dump', 'proxyID=web-1.shop&include_eds&pretty');
    const read = fromJson(ConfigDumpSchema, dump as Parameters<typeof fromJson>[1], { registry: messageTypes() });
    expect(read.configs).toHaveLength(4);
  });

  it('has endpoints when they are asked for', async () => {
    expect(typesOf(await sections('proxyID=web-1.shop&include_eds'))).toContain('EndpointsConfigDump');
  });

  it('is complete for a proxy that has nothing yet', async () => {
    expect(typesOf(await sections('proxyID=new.shop', connection('new.shop')))).toEqual([
      'ClustersConfigDump',
      'ListenersConfigDump',
      'RoutesConfigDump',
    ]);
  });

  it('shows the version of the response where a resource has none of its own on the wire', async () => {
    const sotw = connection('web-1.shop', {
      protocol: 'sotw',
      subscriptions: { cluster: { versionSent: '77' } },
      resources: { cluster: [cluster] },
    });
    expect(await sections('proxyID=web-1.shop', sotw)).toMatchObject([
      { dynamicActiveClusters: [{ versionInfo: '77' }] },
      {},
      {},
    ]);
  });

  it('has just the resources of some types', async () => {
    expect(typesOf(await sections('proxyID=web-1.shop&types=CDS,vhds'))).toEqual([
      'Cluster',
      'VirtualHost',
      'VirtualHost',
      'VirtualHost',
    ]);
    expect(await get(debugState([proxy]), 'config_dump', 'proxyID=web-1.shop&types=sds')).toEqual({
      status: 400,
      body: 'there is no type "sds": cds, eds, lds, rds, vhds\n',
    });
  });

  it('takes the newest stream of a proxy, however the proxy is named', async () => {
    const at = (second: string) => new Date(`2026-01-01T00:00:${second}Z`);
    const [old, newest, same] = [at('01'), at('09'), at('09')].map((connectedAt, index) =>
      connection('web-1.shop', {
        id: `stream-${String(index)}`,
        connectedAt,
        resources: { cluster: [{ ...cluster, version: String(index) }] },
      }),
    );
    const versionOf = async (state: Parameters<typeof get>[0], id: string) =>
      /"versionInfo":"(\d)"/.exec((await get(state, 'config_dump', `proxyID=${id}`)).body)?.[1];
    const [a = proxy, b = proxy, c = proxy] = [old, newest, same];
    expect(await versionOf(debugState([b, a]), 'web-1.shop')).toBe('1');
    expect(await versionOf(debugState([a, b]), a.proxy.id)).toBe('1');
    // Of two of the same moment the one that came later.
    expect(await versionOf(debugState([b, c, a]), 'web-1.shop')).toBe('2');
    expect(await versionOf(debugState([a, b, c]), 'stream-0')).toBe('0');
  });

  it('says which proxies are connected when there is none of that name, and not without end', async () => {
    const few = debugState([connection('b.shop'), connection('a.shop')]);
    const unknown = await get(few, 'config_dump', 'proxyID=nobody.shop');
    expect(unknown.status).toBe(404);
    // The sentence that makes istioctl ask the next replica.
    expect(unknown.body).toContain(
      'Proxy not connected to this Pilot instance. It may be connected to another instance.',
    );
    expect(unknown.body).toContain('Connected here: a.shop, b.shop\n');
    // A part of a name is no name.
    expect((await get(few, 'config_dump', 'proxyID=a.sho')).status).toBe(404);
    const many = debugState(Array.from({ length: 1000 }, (_, index) => connection(`pod-${String(index)}.shop`)));
    const bounded = await get(many, 'config_dump', `proxyID=${'x'.repeat(5000)}`);
    expect(bounded.body).toMatch(/ and 960 more\n$/);
    expect(bounded.body.length).toBeLessThan(2000);
    expect(await get(debugState([]), 'config_dump')).toMatchObject({
      status: 400,
      body: expect.stringContaining('You must provide a proxyID in the query string') as string,
    });
  });

  it('fails, and says on what, when a resource holds a type that it does not know', async () => {
    const strange = {
      name: 'strange',
      version: '1',
      value: toBinary(
        ClusterSchema,
        create(ClusterSchema, {
          name: 'strange',
          typedExtensionProtocolOptions: {
            x: { $typeName: 'google.protobuf.Any', typeUrl: 'x/y.Z', value: new Uint8Array() },
          },
        }),
      ),
    };
    const state = debugState([connection('web-1.shop', { resources: { cluster: [strange] } })]);
    await expect(debugPage(state, 'config_dump', new URLSearchParams('proxyID=web-1.shop'))).rejects.toThrow('y.Z');
  });
});

describe('endpointz', () => {
  it('shows what the registry knows, as Istio does', async () => {
    const services = () => [
      {
        hostname: 'web.shop.svc.cluster.local',
        namespace: 'shop',
        endpoints: [
          endpoint('10.1.0.1', { serviceAccount: 'web', pod: 'web-1', locality: { region: 'eu', zone: 'a' } }),
          endpoint('10.1.0.2', { health: 'draining', tlsMode: 'disabled' }),
        ],
      },
      { hostname: 'api.shop.svc.cluster.local', namespace: 'shop', endpoints: [] },
    ];
    const shown = await json(debugState([], { services }), 'endpointz');
    expect(Object.keys(shown as object)).toEqual(['api.shop.svc.cluster.local', 'web.shop.svc.cluster.local']);
    expect(shown).toMatchObject({
      'web.shop.svc.cluster.local': {
        shop: {
          ServiceAccounts: { 'spiffe://cluster.local/ns/shop/sa/web': {} },
          Shards: {
            'Kubernetes/Kubernetes': [
              {
                Addresses: ['10.1.0.1'],
                EndpointPort: 8080,
                ServicePortName: 'http',
                ServiceAccount: 'spiffe://cluster.local/ns/shop/sa/web',
                HostName: 'web-1',
                Locality: { Label: 'eu/a' },
                TLSMode: 'istio',
                HealthStatus: 1,
              },
              { Addresses: ['10.1.0.2'], ServiceAccount: '', TLSMode: 'disabled', HealthStatus: 3 },
            ],
          },
        },
      },
    });
  });

  it('shows what one proxy should have', async () => {
    expect(await json(debugState([proxy]), 'endpointz', 'proxyID=web-1.shop')).toEqual({
      configs: [
        {
          '@type': 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
          clusterName: 'outbound|80||web',
        },
      ],
    });
  });
});

describe('all pages', () => {
  it('are named by the index, by a list, and by the answer to a name that there is not', async () => {
    const index = debugIndex().body;
    for (const name of pageNames) expect(index).toContain(`/debug/${name}\n`);
    expect(await json(debugState([]), 'list')).toEqual(pageNames);
    for (const name of ['nothing', 'toString', '']) {
      const { status, body } = await get(debugState([]), name);
      expect(status).toBe(404);
      expect(body).toContain('config_dump');
    }
  });

  it('can be indented', async () => {
    const { body } = await get(debugState([connection('web-1.shop')]), 'connections', 'pretty');
    expect(body).toContain('\n  "totalClients": 1');
  });
});
