import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordingLogger } from '../../lib/logger.ts';
import { frame, FrameReader } from '../grpc/frames.ts';
import { serveStreams } from '../grpc/stream-server.ts';
import { readFields } from '../wire/discovery.ts';
import { SecretStore } from './secret-store.ts';
import { secretStreams } from './secret-streams.ts';

let folder: string;
let close: () => void;
let session: ClientHttp2Session;
let store: SecretStore;
const log = recordingLogger();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meltemi-sds-'));
  const socket = join(folder, 'socket');
  // What an agent that crashed leaves behind.
  writeFileSync(socket, '');
  store = new SecretStore();
  const wanted = (name: string): void => {
    if (name.startsWith('file-root:')) store.setRoots(name, 'ROOTS-OF-FILE');
  };
  const server = await serveStreams(socket, secretStreams(store, log, wanted));
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  session = connect('http://localhost', { createConnection: () => connectSocket(socket) });
  close = () => {
    session.destroy();
    server.close();
  };
});
afterEach(() => {
  close();
  rmSync(folder, { recursive: true });
});

/** Text fields of a message by number, as far as they are text. */
function fields(bytes: Uint8Array): Map<number, string[]> {
  const found = new Map<number, string[]>();
  readFields(bytes, (field, reader) => {
    found.set(field, [...(found.get(field) ?? []), Buffer.from(reader.bytes()).toString('latin1')]);
    return true;
  });
  return found;
}

function message(...entries: readonly (readonly [field: number, text: string])[]): Buffer {
  const writer = new BinaryWriter();
  for (const [field, text] of entries) writer.tag(field, WireType.LengthDelimited).string(text);
  return frame(writer.finish());
}

function open(method: string): {
  readonly stream: ClientHttp2Stream;
  readonly next: () => Promise<Map<number, string[]>>;
} {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/envoy.service.secret.v3.SecretDiscoveryService/${method}`,
    'content-type': 'application/grpc',
  });
  const reader = new FrameReader();
  const got: Buffer[] = [];
  let wake = (): void => undefined;
  stream.on('data', (chunk: Buffer) => {
    got.push(...reader.push(chunk));
    wake();
  });
  const next = async (): Promise<Map<number, string[]>> => {
    for (;;) {
      const first = got.shift();
      if (first !== undefined) return fields(first);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return { stream, next };
}

describe('state of the world', () => {
  it('sends a secret when it comes, and again when it changes', async () => {
    const { stream, next } = open('StreamSecrets');
    stream.write(message([3, 'default']));
    store.setRoots('ROOTCA', 'not asked for');
    store.setCertificate('default', 'CHAIN-1', 'KEY-1');
    const first = await next();
    expect(first.get(2)?.[0]).toContain('CHAIN-1');
    expect(first.get(2)).toHaveLength(1);
    stream.write(message([1, first.get(1)?.[0] ?? ''], [3, 'default'], [5, first.get(5)?.[0] ?? '']));
    // The same again is no news.
    store.setCertificate('default', 'CHAIN-1', 'KEY-1');
    store.setCertificate('default', 'CHAIN-2', 'KEY-2');
    const second = await next();
    expect(second.get(2)?.[0]).toContain('CHAIN-2');
    expect(second.get(1)).not.toEqual(first.get(1));
  });

  it('sends secrets that are made when they are asked for', async () => {
    store.setCertificate('default', 'CHAIN-1', 'KEY-1');
    const { stream, next } = open('StreamSecrets');
    stream.write(message([3, 'default'], [3, 'file-root:/ca.pem']));
    const { 2: secrets } = Object.fromEntries(await next());
    expect(secrets).toHaveLength(2);
    expect(secrets?.[1]).toContain('ROOTS-OF-FILE');
  });

  it('says what Envoy refused, and goes on', async () => {
    store.setCertificate('default', 'CHAIN-1', 'KEY-1');
    const { stream, next } = open('StreamSecrets');
    stream.write(message([3, 'default']));
    const first = await next();
    const status = new BinaryWriter().tag(2, WireType.LengthDelimited).string('bad key').finish();
    stream.write(message([3, 'default'], [5, first.get(5)?.[0] ?? ''], [6, Buffer.from(status).toString()]));
    await expect.poll(() => log.entries.at(-1)).toMatchObject({ level: 'warn', fields: { error: 'bad key' } });
    store.setCertificate('default', 'CHAIN-2', 'KEY-2');
    expect((await next()).get(2)?.[0]).toContain('CHAIN-2');
    expect(JSON.stringify(log.entries)).not.toContain('KEY-');
  });
});

describe('delta', () => {
  it('sends only what is subscribed to and not held', async () => {
    store.setCertificate('default', 'CHAIN-1', 'KEY-1');
    store.setRoots('ROOTCA', 'ROOTS-1');
    const held = new BinaryWriter()
      .tag(1, WireType.LengthDelimited)
      .string('ROOTCA')
      .tag(2, WireType.LengthDelimited)
      .string(store.get('ROOTCA')?.version ?? '')
      .finish();
    const { stream, next } = open('DeltaSecrets');
    stream.write(message([3, 'default'], [3, 'ROOTCA'], [5, Buffer.from(held).toString()]));
    const first = await next();
    expect(first.get(2)).toHaveLength(1);
    expect(first.get(2)?.[0]).toContain('CHAIN-1');
    stream.write(message([4, 'default'], [6, first.get(5)?.[0] ?? '']));
    store.setRoots('ROOTCA', 'ROOTS-2');
    expect((await next()).get(2)?.[0]).toContain('ROOTS-2');
  });
});

it('asks for secrets by delta, too', async () => {
  const { stream, next } = open('DeltaSecrets');
  stream.write(message([3, 'file-root:/ca.pem']));
  expect((await next()).get(2)?.[0]).toContain('ROOTS-OF-FILE');
});

it('refuses methods that are not there', async () => {
  const { stream } = open('FetchSecrets');
  const headers = await new Promise<Record<string, unknown>>((resolve) => stream.on('response', resolve));
  expect(headers['grpc-status']).toBe('12');
});
