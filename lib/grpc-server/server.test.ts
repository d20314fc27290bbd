import { connect as connectHttp2, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { createServer } from 'node:net';
import { Metadata } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { echo, handler, TestClient } from './grpc-server.testing.ts';
import type { GrpcCall, GrpcMethods, GrpcStream } from './methods.ts';
import type { GrpcServerOptions } from './server.ts';
import { startGrpcServer } from './server.ts';
import { GrpcError, grpcStatus } from './status.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function serve(methods: GrpcMethods, options: Partial<GrpcServerOptions> = {}) {
  const server = await startGrpcServer({ address: '127.0.0.1:0', methods, ...options });
  cleanups.push(() => server.close(1));
  const connect = (): TestClient => {
    const client = new TestClient(server.port);
    cleanups.push(() => client.close());
    return client;
  };
  return { server, connect };
}

const hello = Buffer.from('hello');
const unary = {
  kind: 'unary',
  answer: (_call, request) => Promise.resolve(request),
} as const satisfies GrpcMethods['x'];

/** A client that does what no gRPC library would. */
async function rawClient(port: number): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  cleanups.push(() => session.destroy());
  session.on('error', () => undefined);
  // The server's limits hold once the client has heard of them.
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  return session;
}

const request = { ':method': 'POST', ':path': '/s/m', 'content-type': 'application/grpc', te: 'trailers' };

/** All headers of the response, trailers too, and how the stream was closed. */
function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: Buffer) {
  const stream = session.request({ ...request, ...headers });
  const answer: Record<string, unknown> = {};
  stream.on('response', (response) => Object.assign(answer, response));
  stream.on('trailers', (trailers: object) => Object.assign(answer, trailers));
  stream.on('error', () => undefined);
  stream.resume();
  if (body === undefined) stream.end();
  else stream.write(body);
  return new Promise<Record<string, unknown>>((resolve) =>
    stream.once('close', () => resolve({ ...answer, reset: stream.rstCode })),
  );
}

describe('unary calls', () => {
  it('are answered, also with long messages', async () => {
    const { connect } = await serve({ '/s/m': unary });
    const client = connect();
    expect(await client.ask('/s/m', hello)).toEqual(hello);
    const long = Buffer.alloc(3_000_000, 'x');
    expect(await client.ask('/s/m', long)).toEqual(long);
    expect(await client.ask('/s/m', Buffer.alloc(0))).toEqual(Buffer.alloc(0));
  });

  it('see the headers', async () => {
    const answer = vi.fn((call: GrpcCall) => Promise.resolve(Buffer.from(String(call.headers.get('authorization')))));
    const { connect } = await serve({ '/s/m': { kind: 'unary', answer } });
    const metadata = new Metadata();
    metadata.set('authorization', 'Bearer x');
    expect(String(await connect().ask('/s/m', hello, metadata))).toBe('Bearer x');
  });

  it('end with the status that a method says, and its message, whatever characters it has', async () => {
    const answer = () => Promise.reject(new GrpcError(grpcStatus.invalidArgument, '100 % wrong\nç 🌊'));
    const { connect } = await serve({ '/s/m': { kind: 'unary', answer } });
    expect(await connect().ask('/s/m', hello)).toMatchObject({ code: 3, details: '100 % wrong\nç 🌊' });
  });

  it('end with INTERNAL when a method fails, which is told to the server and not to the client', async () => {
    const onFault = vi.fn();
    const fault = new Error('secret');
    const { connect } = await serve({ '/s/m': { kind: 'unary', answer: () => Promise.reject(fault) } }, { onFault });
    const error = await connect().ask('/s/m', hello);
    expect(error).toMatchObject({ code: 13 });
    expect(String(error)).not.toContain('secret');
    expect(onFault).toHaveBeenCalledExactlyOnceWith(fault);
  });

  it('end with UNIMPLEMENTED where there is no such method', async () => {
    const { connect } = await serve({ '/s/m': unary });
    for (const path of ['/s/other', '/constructor', '/__proto__']) {
      expect(await connect().ask(path, hello)).toMatchObject({ code: 12, details: `there is no method ${path}` });
    }
  });

  it('end with RESOURCE_EXHAUSTED when the message is too long', async () => {
    const { connect } = await serve({ '/s/m': unary }, { limits: { maxMessageBytes: 100_000 } });
    const client = connect();
    expect(await client.ask('/s/m', Buffer.alloc(500_000))).toMatchObject({ code: 8 });
    expect(await client.ask('/s/m', hello)).toEqual(hello);
  });

  it('end with DEADLINE_EXCEEDED when they take longer than the client or the server waits', async () => {
    const never = { kind: 'unary', answer: () => new Promise<Uint8Array>(() => undefined) } as const;
    const { server } = await serve({ '/s/m': never }, { limits: { unaryTimeoutMs: 20 } });
    const session = await rawClient(server.port);
    const body = Buffer.from([0, 0, 0, 0, 0]);
    const complete = async (headers: OutgoingHttpHeaders): Promise<unknown> => {
      const stream = session.request({ ...request, ...headers });
      const ended = new Promise((resolve) => stream.once('response', (response) => resolve(response['grpc-status'])));
      stream.resume().end(body);
      return ended;
    };
    expect(await complete({ 'grpc-timeout': '1m' })).toBe('4');
    expect(await complete({})).toBe('4');
    expect(await complete({ 'grpc-timeout': 'soon' })).toBe('13');
  });
});

describe('streams', () => {
  it('carry messages both ways, in order', async () => {
    const { connect } = await serve({ '/s/m': { kind: 'stream', open: echo } });
    const stream = connect().stream('/s/m').read();
    const sent = Array.from({ length: 200 }, (_, at) => `${at}`);
    for (const text of sent) stream.call.write(Buffer.from(text));
    expect(await stream.messages(200)).toEqual(sent);
    stream.call.end();
    expect(await stream.status).toMatchObject({ code: 0 });
  });

  it('carry messages of many megabytes made of parts', async () => {
    const parts = Array.from({ length: 40 }, (_, at) => Buffer.alloc(at * 17_111, at));
    const flushed = vi.fn();
    const { connect } = await serve({
      '/s/m': {
        kind: 'stream',
        open: (stream) => {
          stream.send(parts, flushed);
          stream.end(grpcStatus.ok);
          return handler();
        },
      },
    });
    const stream = connect().stream('/s/m').read();
    expect(await stream.status).toMatchObject({ code: 0 });
    expect(stream.received).toHaveLength(1);
    expect(stream.received[0]?.equals(Buffer.concat(parts))).toBe(true);
  });

  it('end with a status after the messages, though the client would go on', async () => {
    const onEnd = vi.fn();
    const { connect } = await serve({
      '/s/m': {
        kind: 'stream',
        open: (stream) =>
          handler({
            onEnd,
            onMessage: (message) => {
              stream.send([message], () => undefined);
              stream.end(grpcStatus.unavailable, 'go elsewhere');
              stream.send([message], () => undefined);
              stream.end(grpcStatus.ok);
            },
          }),
      },
    });
    const stream = connect().stream('/s/m').read();
    stream.call.write(hello);
    expect(await stream.status).toMatchObject({ code: 14, details: 'go elsewhere' });
    expect(stream.received).toEqual([hello]);
    expect(onEnd).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['cancels', (call: ClientHttp2Stream) => call.close(constants.NGHTTP2_CANCEL)],
    ['closes its connection', (_call: ClientHttp2Stream, session: ClientHttp2Session) => session.destroy()],
  ])('tell their handler, once, when the client %s', async (_what, leave) => {
    const onEnd = vi.fn();
    const opened = Promise.withResolvers<GrpcStream>();
    const open = (stream: GrpcStream) => {
      opened.resolve(stream);
      return handler({ onEnd });
    };
    const { server } = await serve({ '/s/m': { kind: 'stream', open } });
    const session = await rawClient(server.port);
    const call = session.request(request);
    call.on('error', () => undefined);
    const stream = await opened.promise;
    stream.send([hello], () => undefined);
    leave(call, session);
    await vi.waitFor(() => expect(onEnd).toHaveBeenCalledTimes(1));
    stream.send([hello], () => undefined);
    stream.end(grpcStatus.ok);
    session.destroy();
    await vi.waitFor(() => expect(server.connectionCount).toBe(0));
    expect(onEnd).toHaveBeenCalledTimes(1);
  });

  it('end with INTERNAL when a handler fails; others go on', async () => {
    const onFault = vi.fn();
    const fail = (): never => {
      throw new Error('a fault');
    };
    const methods: GrpcMethods = {
      '/s/open': { kind: 'stream', open: fail },
      '/s/message': { kind: 'stream', open: () => handler({ onMessage: fail }) },
      '/s/half': { kind: 'stream', open: () => handler({ onHalfClose: fail, onEnd: fail }) },
      '/s/m': { kind: 'stream', open: echo },
    };
    const { connect } = await serve(methods, { onFault });
    const client = connect();
    const good = client.stream('/s/m').read();
    for (const path of ['/s/open', '/s/message', '/s/half']) {
      const stream = client.stream(path).read();
      stream.call.write(hello);
      stream.call.end();
      expect(await stream.status).toMatchObject({ code: 13, details: 'the server failed to serve this call' });
    }
    expect(onFault).toHaveBeenCalledTimes(4);
    good.call.write(hello);
    expect(await good.messages(1)).toEqual(['hello']);
  });

  it('hand nothing over while they are paused, and stop the client', async () => {
    const opened = Promise.withResolvers<GrpcStream>();
    const onMessage = vi.fn(() => void opened.promise.then((stream) => stream.pause()));
    const onHalfClose = vi.fn();
    const open = (stream: GrpcStream) => {
      opened.resolve(stream);
      return handler({
        onMessage: () => {
          onMessage();
          stream.pause();
        },
        onHalfClose,
      });
    };
    const { connect } = await serve({ '/s/m': { kind: 'stream', open } });
    const { call } = connect().stream('/s/m');
    const written = vi.fn();
    const megabyte = Buffer.alloc(1_000_000);
    for (let at = 0; at < 20; at++) call.write(at < 3 ? hello : megabyte, written);
    call.end();
    const stream = await opened.promise;
    await vi.waitFor(() => expect(onMessage).toHaveBeenCalledTimes(1));
    stream.resume();
    await vi.waitFor(() => expect(onMessage).toHaveBeenCalledTimes(2));
    // The client is held back by flow control.
    expect(written.mock.calls.length).toBeLessThan(20);
    for (let at = 3; at <= 20; at++) {
      stream.resume();
      await vi.waitFor(() => expect(onMessage).toHaveBeenCalledTimes(at));
    }
    expect(onHalfClose).not.toHaveBeenCalled();
    stream.resume();
    await vi.waitFor(() => expect(onHalfClose).toHaveBeenCalledTimes(1));
  });
});

describe('clients that do not keep to the protocol', () => {
  it.each([
    ['another content type', { 'content-type': 'text/plain' }, { ':status': 415 }],
    ['another method', { ':method': 'PUT' }, { ':status': 405 }],
    ['no trailers', { te: undefined }, { ':status': 200, 'grpc-status': '13' }],
  ])('with %s are refused', async (_what, headers, answer) => {
    const { server } = await serve({ '/s/m': unary });
    expect(await ask(await rawClient(server.port), headers)).toMatchObject(answer);
  });

  const frame = (flag: number, length: number, bytes: Buffer): Buffer => {
    const prefix = Buffer.from([flag, 0, 0, 0, 0]);
    prefix.writeUInt32BE(length, 1);
    return Buffer.concat([prefix, bytes]);
  };
  it.each([
    ['a compressed message', { 'grpc-encoding': 'gzip' }, frame(1, 5, hello), '12'],
    ['an unknown flag', {}, frame(7, 5, hello), '13'],
    ['a length of 4 GiB', {}, frame(0, 2 ** 32 - 1, hello), '8'],
    ['two messages', {}, Buffer.concat([frame(0, 5, hello), frame(0, 5, hello)]), '12'],
  ])('with %s get a status at once', async (_what, headers, body, code) => {
    const { server } = await serve({ '/s/m': unary });
    const session = await rawClient(server.port);
    const answer = await ask(session, headers, body);
    expect(answer).toMatchObject({ ':status': 200, 'grpc-status': code });
    if (code === '12') expect(answer['grpc-accept-encoding']).toBe('identity');
    // The client has not said that it is done, and is told to be.
    expect(answer.reset).toBe(constants.NGHTTP2_NO_ERROR);
  });

  it('with no message, or part of one, get a status', async () => {
    const { server } = await serve({ '/s/m': unary });
    const session = await rawClient(server.port);
    expect(await ask(session, {})).toMatchObject({ 'grpc-status': '12' });
    const stream = session.request(request);
    const status = new Promise((resolve) => stream.once('response', (headers) => resolve(headers['grpc-status'])));
    stream.end(frame(0, 6, hello));
    expect(await status).toBe('13');
  });

  it('with more headers than are taken lose that call, not the others', async () => {
    const { server } = await serve({ '/s/m': unary }, { limits: { maxHeaderBytes: 2000 } });
    const session = await rawClient(server.port);
    const { reset } = await ask(session, { 'x-long': 'x'.repeat(4000) });
    expect(reset).not.toBe(constants.NGHTTP2_NO_ERROR);
    expect(await ask(session, {})).toMatchObject({ ':status': 200 });
  });
});

describe('a gRPC server', () => {
  it('says which address it cannot listen on', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => taken.close());
    const address = `127.0.0.1:${(taken.address() as { port: number }).port}`;
    await expect(startGrpcServer({ address, methods: {} })).rejects.toThrow(`cannot listen on ${address}`);
    await expect(startGrpcServer({ address: 'here', methods: {} })).rejects.toThrow('"here" is not an address');
  });

  it('has no TLS to change when it was started without', async () => {
    const { server } = await serve({});
    const tls = { privateKey: '', certificateChain: '', clientRoots: '' };
    expect(() => server.setTls(tls)).toThrow('has no TLS');
  });
});
