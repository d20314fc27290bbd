import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { GrpcStream } from '../../lib/grpc-server/methods.ts';
import { grpcStatus } from '../../lib/grpc-server/status.ts';
import type { Caller } from '../../lib/identity.ts';
import { unprovenCaller } from '../../lib/identity.ts';
import { recordingLogger } from '../../lib/logger.ts';
import { createRegistry, renderMetrics } from '../../lib/metrics.ts';
import type { DeltaDiscoveryResponse } from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
} from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { ResourceType } from '../envoy/type-urls.ts';
import { typeUrls } from '../envoy/type-urls.ts';
import { sidecarNode } from './ads-client.testing.ts';
import { AdsServer } from './ads-server.ts';
import type { AdsServerOptions } from './ads-stream.ts';
import { nothingVisible, visibleOf } from './resources.testing.ts';
import { ServeMetrics } from './serve-metrics.ts';

afterEach(() => void vi.useRealTimers());

const service = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const operator: Caller = {
  identity: { trustDomain: 'cluster.local', namespace: 'istio-system', serviceAccount: 'istioctl' },
  provenBy: 'service-account-token',
};

/** A call whose bytes go out when the test says so. */
class SlowCall implements GrpcStream {
  readonly headers = new Map<string, string[]>();
  readonly peerCertificate = undefined;
  readonly sent: Buffer[] = [];
  pendingBytes = 0;
  paused = false;
  status: readonly [code: number, message: string] | undefined;
  readonly #flushes: (() => void)[] = [];

  send(parts: readonly Uint8Array[], onFlushed: () => void): void {
    const message = Buffer.concat(parts);
    this.sent.push(message);
    this.pendingBytes += message.length;
    this.#flushes.push(() => {
      this.pendingBytes -= message.length;
      onFlushed();
    });
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  end(code: number, message = ''): void {
    this.status ??= [code, message];
  }
  /** All that was sent by now goes out. */
  flush(): void {
    for (const flush of this.#flushes.splice(0)) flush();
  }
  get responses(): DeltaDiscoveryResponse[] {
    return this.sent.map((message) => fromBinary(DeltaDiscoveryResponseSchema, message));
  }
}

function serve(options: Partial<AdsServerOptions> = {}) {
  const visible = {
    cluster: visibleOf('cluster', ['a']),
    endpoint: nothingVisible(),
    listener: nothingVisible(),
    route: nothingVisible(),
    virtualHost: nothingVisible(),
  };
  let changed: (() => void) | undefined;
  const registry = createRegistry({ processMetrics: false });
  const logger = recordingLogger();
  const server = new AdsServer({
    authenticate: () => Promise.resolve(unprovenCaller),
    configurationOf: (_proxy, onChange) => {
      changed = () => onChange({ changedAt: performance.now(), readyAt: performance.now() });
      return { visible: (type) => visible[type], close: () => undefined };
    },
    logger,
    metrics: new ServeMetrics(registry),
    ...options,
  });
  const open = (method = 'DeltaAggregatedResources') => {
    const call = new SlowCall();
    const opened = server.methods[`${service}/${method}`];
    if (opened?.kind !== 'stream') throw new Error(`${method} is no stream`);
    const handler = opened.open(call);
    const send = (request: Parameters<typeof create<typeof DeltaDiscoveryRequestSchema>>[1]): void =>
      handler.onMessage(
        Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request))),
      );
    const subscribe = (type: ResourceType): void =>
      send({ typeUrl: typeUrls[type], resourceNamesSubscribe: ['*'], node: sidecarNode('web-1', 'shop') });
    return { call, handler, send, subscribe };
  };
  return {
    server,
    open,
    logger,
    see: (type: ResourceType, ...names: string[]) => {
      visible[type] = visibleOf(type, names, visible[type]);
      changed?.();
    },
    metrics: async () => (await renderMetrics(registry)).body,
  };
}

const names = (response: DeltaDiscoveryResponse | undefined): string[] | undefined =>
  response?.resources.map(({ name }) => name);
const many = Array.from({ length: 4000 }, (_, at) => `outbound|80||service-${at}.a-long-namespace.svc.cluster.local`);

describe('an ADS stream whose client is slow', () => {
  it('is full until all is out, reads no requests meanwhile, and then sends the newest state only', async () => {
    const { open, see } = serve();
    see('cluster', ...many);
    const { call, subscribe, send } = open();
    subscribe('cluster');
    await vi.waitFor(() => expect(call.sent).toHaveLength(1));
    expect(call.pendingBytes).toBeGreaterThan(64 * 1024);
    expect(call.paused).toBe(true);
    see('cluster', ...many, 'first');
    see('cluster', ...many, 'second');
    expect(call.sent).toHaveLength(1);
    call.flush();
    expect(call.paused).toBe(false);
    expect(names(call.responses[1])).toEqual(['second']);
    send({ typeUrl: typeUrls.cluster, responseNonce: call.responses[1]?.nonce ?? '' });
    expect(call.sent).toHaveLength(2);
  });

  it('goes on while little is pending', async () => {
    const { open } = serve();
    const { call, subscribe } = open();
    subscribe('cluster');
    await vi.waitFor(() => expect(call.sent).toHaveLength(1));
    expect(call.paused).toBe(false);
    subscribe('endpoint');
    expect(call.sent).toHaveLength(2);
  });

  it('is counted when it was ended for that, and times and sizes are measured', async () => {
    const { open, metrics, logger } = serve();
    const { call, subscribe, handler } = open();
    subscribe('cluster');
    await vi.waitFor(() => expect(call.sent).toHaveLength(1));
    call.flush();
    expect(await metrics()).toContain('pilot_xds_send_time_count 1');
    expect(await metrics()).toMatch(/pilot_xds_recv_max [1-9]/);
    handler.onEnd('write-timeout');
    expect(await metrics()).toContain('pilot_xds_write_timeout 1');
    expect(logger.entries).toContainEqual(expect.objectContaining({ level: 'warn' }));
  });
});

describe('the first sync of a stream', () => {
  it('keeps others away, before they cost anything, until the listeners are out', async () => {
    const authenticate = vi.fn(() => Promise.resolve(unprovenCaller));
    const { open, server } = serve({ maxFirstSyncs: 1, authenticate });
    const first = open();
    first.subscribe('cluster');
    await vi.waitFor(() => expect(first.call.sent).toHaveLength(1));
    first.call.flush();
    const refused = open();
    refused.subscribe('cluster');
    expect(refused.call.status).toEqual([grpcStatus.resourceExhausted, 'busy with 1 others, try again']);
    expect(authenticate).toHaveBeenCalledTimes(1);
    first.subscribe('listener');
    await vi.waitFor(() => expect(first.call.sent).toHaveLength(2));
    expect(server.firstSyncCount).toBe(1);
    first.call.flush();
    expect(server.firstSyncCount).toBe(0);
    const second = open();
    second.subscribe('cluster');
    await vi.waitFor(() => expect(second.call.sent).toHaveLength(1));
  });

  it.each([
    ['the client leaves', (stream: ReturnType<ReturnType<typeof serve>['open']>) => stream.handler.onEnd('client')],
    [
      'the client closes its side',
      (stream: ReturnType<ReturnType<typeof serve>['open']>) => stream.handler.onHalfClose(),
    ],
  ])('is over when %s', (_what, leave) => {
    const { open, server } = serve({ authenticate: () => new Promise(() => undefined) });
    const stream = open();
    stream.subscribe('cluster');
    expect(server.firstSyncCount).toBe(1);
    leave(stream);
    expect(server.firstSyncCount).toBe(0);
  });

  it('is over when the caller is refused', async () => {
    const { open, server } = serve({ authenticate: () => Promise.reject(new Error('no')) });
    const { call, subscribe } = open();
    subscribe('cluster');
    await vi.waitFor(() => expect(call.status).toEqual([grpcStatus.unauthenticated, 'no']));
    expect(server.firstSyncCount).toBe(0);
  });

  it('does not last longer than a while, which does not end the stream', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { open, server } = serve({ firstSyncMs: 1000 });
    const { call, subscribe } = open();
    await vi.advanceTimersByTimeAsync(999);
    subscribe('cluster');
    await vi.advanceTimersByTimeAsync(999);
    expect(server.firstSyncCount).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.firstSyncCount).toBe(0);
    expect(call.status).toBeUndefined();
  });

  it('does not begin for a client that asks for nothing, which is sent away', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { open, server } = serve({ firstSyncMs: 1000 });
    const { call } = open();
    expect(server.firstSyncCount).toBe(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(call.status?.[0]).toBe(grpcStatus.deadlineExceeded);
  });
});

describe('a stream with a message that is no request', () => {
  it('ends with INVALID_ARGUMENT', () => {
    const { handler, call } = serve().open();
    handler.onMessage(Buffer.from([0xff, 0xff]));
    expect(call.status?.[0]).toBe(grpcStatus.invalidArgument);
  });
});

describe('debug requests', () => {
  const request = (typeUrl: string, resourceNames: string[] = []): Buffer =>
    Buffer.from(toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, { typeUrl, resourceNames })));
  const syncz = request('istio.io/debug/syncz');
  const debug = () => ({ namespace: 'istio-system', respond: vi.fn(() => Promise.resolve(Buffer.from('answer'))) });

  it('of a proven caller of the control plane are answered, one at a time; it is no proxy', async () => {
    const answers = debug();
    const { open, server, metrics } = serve({ authenticate: () => Promise.resolve(operator), debug: answers });
    const { call, handler } = open('StreamAggregatedResources');
    handler.onMessage(syncz);
    await vi.waitFor(() => expect(call.sent.map(String)).toEqual(['answer']));
    expect(call.paused).toBe(true);
    call.flush();
    expect(call.paused).toBe(false);
    handler.onMessage(request('istio.io/debug/config_dump', ['web-1.shop']));
    await vi.waitFor(() => expect(call.sent).toHaveLength(2));
    expect(answers.respond.mock.calls).toEqual([
      [{ typeUrl: 'istio.io/debug/syncz', resourceNames: [] }],
      [{ typeUrl: 'istio.io/debug/config_dump', resourceNames: ['web-1.shop'] }],
    ]);
    expect([server.connectionCount, server.firstSyncCount]).toEqual([0, 0]);
    expect(await metrics()).not.toMatch(/pilot_xds\{/);
    handler.onMessage(request(typeUrls.cluster));
    expect(call.status?.[0]).toBe(grpcStatus.invalidArgument);
  });

  it.each<[string, Caller]>([
    ['nobody has proven', { ...unprovenCaller, identity: operator.identity }],
    ['is of another namespace', { ...operator, identity: { ...operator.identity, namespace: 'shop' } }],
  ])('of a caller who %s are refused', async (_who, caller) => {
    const answers = debug();
    const { open, server } = serve({ authenticate: () => Promise.resolve(caller), debug: answers });
    const { call, handler } = open('StreamAggregatedResources');
    handler.onMessage(syncz);
    await vi.waitFor(() => expect(call.status?.[0]).toBe(grpcStatus.permissionDenied));
    expect(answers.respond).not.toHaveBeenCalled();
    expect(server.firstSyncCount).toBe(0);
  });

  it('are refused where nobody answers them', async () => {
    const { open } = serve({ authenticate: () => Promise.resolve(operator) });
    const { call, handler } = open('StreamAggregatedResources');
    handler.onMessage(syncz);
    await vi.waitFor(() => expect(call.status?.[0]).toBe(grpcStatus.permissionDenied));
  });

  it('that fail end the stream, are logged and counted', async () => {
    const answers = { namespace: 'istio-system', respond: () => Promise.reject(new Error('a fault')) };
    const { open, metrics, logger } = serve({ authenticate: () => Promise.resolve(operator), debug: answers });
    const { call, handler } = open('StreamAggregatedResources');
    handler.onMessage(syncz);
    await vi.waitFor(() => expect(call.status?.[0]).toBe(grpcStatus.internal));
    expect(await metrics()).toContain('pilot_total_xds_internal_errors 1');
    expect(logger.entries).toContainEqual(expect.objectContaining({ level: 'error' }));
  });
});
