import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { ClustersConfigDumpSchema } from '../envoy/gen/envoy/admin/v3/config_dump_shared_pb.js';
import { ClusterSchema } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { DiscoveryResponseSchema } from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import { ClientConfigSchema, ConfigStatus } from '../envoy/gen/envoy/service/status/v3/csds_pb.js';
import { debugResponse, isDebugType } from './ads-answers.ts';
import { connection, debugState, resource } from './state.testing.ts';

const state = debugState([
  connection('web-1.shop', {
    subscriptions: {
      route: {},
      cluster: { nonceSent: 'n1', nonceAcked: 'n1', lastSentAt: new Date('2026-01-01T00:00:05Z') },
      endpoint: { nonceSent: 'n3', nonceAcked: 'n2' },
      listener: { nonceSent: 'n4', nonceAcked: 'n4', lastError: 'no such filter' },
    },
    resources: { cluster: [resource('a', ClusterSchema, { name: 'a' })] },
  }),
]);

async function ask(typeUrl: string, ...resourceNames: string[]) {
  const replica = { pod: 'istiod-1', version: '1.0.0' };
  return fromBinary(DiscoveryResponseSchema, await debugResponse(state, { typeUrl, resourceNames }, replica));
}
const textOf = (resources: readonly Any[]) => resources.map(({ value }) => Buffer.from(value).toString());

describe('what istioctl asks over ADS', () => {
  it('gets the state of all proxies, and who says so', async () => {
    const { typeUrl, controlPlane, resources } = await ask('istio.io/debug/syncz');
    expect(typeUrl).toBe('istio.io/debug/syncz');
    expect(JSON.parse(controlPlane?.identifier ?? '')).toEqual({
      Component: 'istiod',
      ID: 'istiod-1',
      Info: { version: '1.0.0' },
    });
    const configs = resources.map((any) => anyUnpack(any, ClientConfigSchema));
    expect(configs).toMatchObject([
      {
        node: {
          id: 'sidecar~10.1.0.1~web-1.shop~shop.svc.cluster.local',
          metadata: { NAMESPACE: 'shop', CLUSTER_ID: 'Kubernetes', ISTIO_VERSION: '1.2.3' },
        },
        genericXdsConfigs: [
          { configStatus: ConfigStatus.SYNCED, lastUpdated: { seconds: 1767225605n } },
          { configStatus: ConfigStatus.STALE },
          { configStatus: ConfigStatus.ERROR, errorState: { details: 'no such filter' } },
          { configStatus: ConfigStatus.NOT_SENT },
        ],
      },
    ]);
  });

  it('gets the parts of a ConfigDump of one proxy', async () => {
    const { resources } = await ask('istio.io/debug/config_dump', 'web-1.shop');
    expect(resources.map(({ typeUrl }) => typeUrl.replace(/^.*\.v3\./, ''))).toEqual([
      'ClustersConfigDump',
      'ListenersConfigDump',
      'RoutesConfigDump',
    ]);
    const [clusters] = resources;
    expect(clusters && anyUnpack(clusters, ClustersConfigDumpSchema)).toMatchObject({
      dynamicActiveClusters: [{ versionInfo: 'v-a' }],
    });
  });

  it('is sent to another replica for a proxy that is not here', async () => {
    const { resources } = await ask('istio.io/debug/config_dump', 'nobody.shop');
    expect(textOf(resources)).toEqual([
      'Proxy not connected to this Pilot instance. It may be connected to another instance.',
    ]);
  });

  it('gets a debug page by its name, as JSON', async () => {
    const { typeUrl, resources } = await ask('istio.io/debug', 'config_dump?proxyID=web-1.shop&types=cds');
    expect(typeUrl).toBe('istio.io/debug');
    expect(resources.map((it) => it.typeUrl)).toEqual(['istio.io/debug']);
    expect(JSON.parse(textOf(resources)[0] ?? '')).toMatchObject({ configs: [{ name: 'a' }] });
  });

  it('is told what is wrong with the request', async () => {
    expect(textOf((await ask('istio.io/debug')).resources)).toEqual(['exactly one name is wanted']);
    expect(textOf((await ask('istio.io/debug', 'nothing')).resources)[0]).toContain('404 page not found');
    expect(textOf((await ask('istio.io/debug/nothing', 'x')).resources)[0]).toContain('no debug type');
  });

  it('is told apart from what proxies ask', () => {
    expect(['istio.io/debug', 'istio.io/debug/syncz'].map(isDebugType)).toEqual([true, true]);
    expect(isDebugType('type.googleapis.com/envoy.config.cluster.v3.Cluster')).toBe(false);
    expect(isDebugType('istio.io/debugger')).toBe(false);
  });
});
