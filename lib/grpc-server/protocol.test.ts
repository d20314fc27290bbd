import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callHeaders, percentEncoded, refusalOf, timeoutMs } from './protocol.ts';

describe('callHeaders', () => {
  it('keeps every value of a header that comes twice', () => {
    const headers = callHeaders(['authorization', 'a', 'x', '1', 'authorization', 'b']);
    expect(headers.get('authorization')).toEqual(['a', 'b']);
    expect(headers.get('x')).toEqual(['1']);
  });
});

describe('refusalOf', () => {
  it.each(['application/grpc', 'application/grpc+proto', 'application/grpc;x=y'])('takes %s', (contentType) => {
    expect(refusalOf({ ':method': 'POST', 'content-type': contentType })).toBeUndefined();
  });

  it.each(['application/grpc-web', 'application/json', undefined])('refuses content type %s', (contentType) => {
    expect(refusalOf({ ':method': 'POST', 'content-type': contentType })).toMatchObject({ ':status': 415 });
  });

  it('refuses a method other than POST', () => {
    expect(refusalOf({ ':method': 'GET', 'content-type': 'application/grpc' })).toMatchObject({ ':status': 405 });
  });
});

describe('timeoutMs', () => {
  it.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['4m', 4],
    ['5000u', 5],
    ['6000000n', 6],
    ['99999999H', 99_999_999 * 3_600_000],
  ])('reads %s', (header, milliseconds) => {
    expect(timeoutMs(header)).toBeCloseTo(milliseconds);
  });

  it('is undefined for a client that says nothing', () => expect(timeoutMs(undefined)).toBeUndefined());

  it.each(['', '1', 'S', '1s', '-1S', '1.5S', '123456789S', '1S ', '1constructor'])('refuses %j', (header) => {
    expect(() => timeoutMs(header)).toThrow('grpc-timeout');
  });
});

describe('percentEncoded', () => {
  it('can be undone and is ASCII, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const encoded = percentEncoded(text);
        expect(encoded).toMatch(/^[ -~]*$/);
        expect(decodeURIComponent(encoded)).toBe(text);
      }),
    );
  });

  it('leaves plain text as it is', () => expect(percentEncoded('no (plain) ~text!')).toBe('no (plain) ~text!'));

  it('encodes the percent sign', () => expect(percentEncoded('50 %')).toBe('50 %25'));
});
