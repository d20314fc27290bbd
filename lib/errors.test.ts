import { describe, expect, it } from 'vitest';
import { describeError, isAbortError, toError } from './errors.ts';

describe('describeError', () => {
  it('joins the messages of the causes, without what is already said', () => {
    const inner = new Error('connection refused');
    expect(describeError(new Error('cannot list pods', { cause: inner }))).toBe('cannot list pods: connection refused');
    expect(describeError(new Error('failed: connection refused', { cause: inner }))).toBe('failed: connection refused');
  });

  it('has words for whatever is thrown', () => {
    expect(describeError('text')).toBe('text');
    expect(describeError({ code: 7 })).toBe('{"code":7}');
    expect(describeError(undefined)).toBe('undefined');
    expect(describeError(() => 1)).toBe('function');
    expect(describeError(new RangeError(''))).toBe('RangeError');
    expect(describeError(new AggregateError([new Error('a'), new Error('b')]))).toBe('a; b');
    const ring = new Error('ring');
    ring.cause = ring;
    expect(describeError(ring)).toBe('ring');
  });
});

describe('toError', () => {
  it('leaves errors alone and wraps the rest', () => {
    const error = new Error('x');
    expect(toError(error)).toBe(error);
    expect(toError('x')).toMatchObject({ message: 'x', cause: 'x' });
  });
});

describe('isAbortError', () => {
  it('knows the rejection of an aborted operation', () => {
    expect(isAbortError(AbortSignal.abort().reason)).toBe(true);
    expect(isAbortError(new Error('x'))).toBe(false);
  });
});
