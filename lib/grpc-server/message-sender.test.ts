import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { framed, MessageReader } from './message-framing.ts';
import type { ByteStream } from './message-sender.ts';
import { MessageSender } from './message-sender.ts';

/** A stream that takes a piece when it is told to. */
class SlowStream implements ByteStream {
  readonly pieces: Uint8Array[][] = [];
  #open: Uint8Array[] = [];
  #done: (() => void) | undefined;

  #corked = false;

  cork(): void {
    this.#corked = true;
  }
  write(bytes: Uint8Array, done?: () => void): boolean {
    this.#open.push(bytes);
    this.#done = done;
    if (!this.#corked) this.#endPiece();
    return false;
  }
  uncork(): void {
    this.#corked = false;
    this.#endPiece();
  }
  #endPiece(): void {
    this.pieces.push(this.#open);
    this.#open = [];
  }
  /** False when nothing is waiting. */
  take(): boolean {
    const done = this.#done;
    this.#done = undefined;
    done?.();
    return done !== undefined;
  }
  get bytes(): Buffer {
    return Buffer.concat(this.pieces.flat());
  }
}

const ignored = (): void => undefined;

function sender(stream: ByteStream, options: { pieceBytes?: number; onTimeout?: () => void } = {}): MessageSender {
  return new MessageSender(stream, { pieceBytes: 64, timeoutMs: 1000, onTimeout: ignored, ...options });
}

afterEach(() => void vi.useRealTimers());

describe('MessageSender', () => {
  it('sends every message whole and in order, in pieces that fit, telling of each when it is out', () => {
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc.nat(3000).map((length) => new Uint8Array(length).fill(length)),
    );
    const message = fc.array(part, { maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8 }),
        fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1000, max: 9000 })),
        (messages, pieceBytes) => {
          const stream = new SlowStream();
          const messageSender = sender(stream, { pieceBytes });
          const flushed: number[] = [];
          for (const [at, parts] of messages.entries()) {
            messageSender.send(parts, () => {
              flushed.push(at);
              const soFar = Buffer.concat(messages.slice(0, at + 1).flatMap((each) => framed(each).parts));
              expect(stream.bytes.subarray(0, soFar.length)).toEqual(soFar);
            });
          }
          while (stream.take());
          expect(flushed).toEqual([...messages.keys()]);
          expect(messageSender.pendingBytes).toBe(0);
          for (const piece of stream.pieces) expect(Buffer.concat(piece).length).toBeLessThanOrEqual(pieceBytes);
          const reader = new MessageReader({ maxBytes: 20_000, encoded: false });
          reader.push(stream.bytes);
          for (const parts of messages) expect(reader.next()).toEqual(Buffer.concat(parts));
          messageSender.stop();
        },
      ),
    );
  });

  it('writes the parts of a long message themselves, as one write', () => {
    const stream = new SlowStream();
    const parts = [Buffer.alloc(4000, 'head'), Buffer.alloc(4000, 'body')];
    sender(stream, { pieceBytes: 10_000 }).send(parts, ignored);
    expect(stream.pieces).toHaveLength(1);
    expect(stream.pieces[0]?.[1]).toBe(parts[0]);
    expect(stream.pieces[0]?.[2]).toBe(parts[1]);
  });

  it('gives the stream no more while a piece is on its way, and joins what waits', () => {
    const stream = new SlowStream();
    const messageSender = sender(stream, { pieceBytes: 1000 });
    for (const text of ['a', 'b', 'c']) messageSender.send([Buffer.from(text)], ignored);
    expect(stream.pieces).toHaveLength(1);
    expect(messageSender.pendingBytes).toBe(18);
    stream.take();
    expect(stream.pieces).toHaveLength(2);
    expect(messageSender.pendingBytes).toBe(12);
  });

  it('takes a message from who is told that one is out', () => {
    const stream = new SlowStream();
    const messageSender = sender(stream);
    messageSender.send([Buffer.from('first')], () => messageSender.send([Buffer.from('second')], ignored));
    while (stream.take());
    expect(stream.bytes.toString('latin1')).toMatch(/first.*second/);
  });

  it('says when all is out, at once when nothing is pending', () => {
    const stream = new SlowStream();
    const messageSender = sender(stream, { pieceBytes: 4 });
    const drained = vi.fn();
    messageSender.whenDrained(drained);
    expect(drained).toHaveBeenCalledTimes(1);
    messageSender.send([Buffer.from('hello')], ignored);
    messageSender.whenDrained(drained);
    stream.take();
    expect(drained).toHaveBeenCalledTimes(1);
    while (stream.take());
    expect(drained).toHaveBeenCalledTimes(2);
  });

  it('runs out of patience when no piece goes out for the timeout, and only then', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
    const stream = new SlowStream();
    const onTimeout = vi.fn();
    const messageSender = sender(stream, { pieceBytes: 4, onTimeout });
    messageSender.send([Buffer.alloc(8)], ignored);
    for (let piece = 0; piece < 3; piece++) {
      await vi.advanceTimersByTimeAsync(999);
      stream.take();
    }
    await vi.advanceTimersByTimeAsync(990);
    expect(onTimeout).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(20);
    expect(onTimeout).toHaveBeenCalledTimes(1);
    while (stream.take());
    await vi.advanceTimersByTimeAsync(5000);
    expect(onTimeout).toHaveBeenCalledTimes(1);
  });

  it('writes and tells nothing more once it is stopped', () => {
    const stream = new SlowStream();
    const messageSender = sender(stream, { pieceBytes: 4 });
    const flushed = vi.fn();
    messageSender.send([Buffer.from('hello')], flushed);
    messageSender.stop();
    while (stream.take());
    messageSender.send([Buffer.from('more')], flushed);
    expect(stream.pieces).toHaveLength(1);
    expect(flushed).not.toHaveBeenCalled();
    expect(messageSender.pendingBytes).toBe(0);
  });
});
