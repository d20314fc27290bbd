import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copiedBytes, framed, MessageReader } from './message-framing.ts';
import { GrpcError, grpcStatus } from './status.ts';

function reader(options: { maxBytes?: number; encoded?: boolean } = {}): MessageReader {
  return new MessageReader({ maxBytes: 1000, encoded: false, ...options });
}

const bytesOf = (message: readonly Uint8Array[]): Buffer => Buffer.concat(framed(message).parts);

function statusOf(action: () => unknown): number | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof GrpcError) return error.code;
    throw error;
  }
  return undefined;
}

describe('MessageReader', () => {
  it('finds the messages that were sent, however the bytes are cut and joined', () => {
    const part = fc.uint8Array({ maxLength: 40 });
    const messages = fc.array(fc.array(part, { maxLength: 4 }), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.array(fc.nat(30), { minLength: 1 }), (sent, lengths) => {
        const bytes = Buffer.concat(sent.map(bytesOf));
        const found: Buffer[] = [];
        const messageReader = reader();
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          // Some chunks are empty; one in each round moves on.
          const length = (lengths[turn % lengths.length] ?? 0) + (turn % lengths.length === 0 ? 1 : 0);
          messageReader.push(bytes.subarray(at, at + length));
          at += length;
          for (let next = messageReader.next(); next !== undefined; next = messageReader.next()) found.push(next);
        }
        expect(found).toEqual(sent.map((parts) => Buffer.concat(parts)));
        expect(messageReader.isMidMessage).toBe(false);
      }),
    );
  });

  it('copies nothing of a message that came in one chunk', () => {
    const messageReader = reader();
    const bytes = bytesOf([Buffer.from('hello')]);
    messageReader.push(bytes);
    expect(messageReader.next()?.buffer).toBe(bytes.buffer);
  });

  it.each([
    ['in its prefix', 3],
    ['after its prefix', 5],
    ['in its bytes', 7],
  ])('knows that a message is cut %s', (_where, length) => {
    const messageReader = reader();
    messageReader.push(bytesOf([Buffer.from('hello')]).subarray(0, length));
    expect(messageReader.next()).toBeUndefined();
    expect(messageReader.isMidMessage).toBe(true);
  });

  it('refuses a message that is too long as soon as its length is known', () => {
    const messageReader = reader({ maxBytes: 10 });
    messageReader.push(bytesOf([Buffer.alloc(10)]));
    expect(messageReader.next()).toHaveLength(10);
    messageReader.push(bytesOf([Buffer.alloc(11)]).subarray(0, 5));
    expect(statusOf(() => messageReader.next())).toBe(grpcStatus.resourceExhausted);
  });

  it.each([
    ['of an encoding it was told of', 1, true, grpcStatus.unimplemented],
    ['of no encoding that it was told of', 1, false, grpcStatus.internal],
    ['with a flag that does not exist', 2, true, grpcStatus.internal],
  ])('refuses a compressed message %s', (_what, flag, encoded, code) => {
    const messageReader = reader({ encoded });
    messageReader.push(Buffer.from([flag, 0, 0, 0, 0]));
    expect(statusOf(() => messageReader.next())).toBe(code);
  });
});

describe('framed', () => {
  it('puts the length of all parts before them and copies none', () => {
    const parts = [Buffer.alloc(copiedBytes), Buffer.from('llo')];
    const { parts: all, bytes } = framed(parts);
    expect(all[0]).toEqual(Buffer.from([0, 0, 0, 8, 3]));
    expect(all.slice(1).every((part, at) => part === parts[at])).toBe(true);
    expect(bytes).toBe(2048 + 8);
  });

  it('joins what is small into one part', () => {
    const { parts, bytes } = framed([Buffer.from('he'), Buffer.from('llo')]);
    expect(parts).toEqual([Buffer.from('\0\0\0\0\x05hello')]);
    expect(bytes).toBe(10);
  });
});
