import { describe, expect, it } from 'vitest';
import { parseCidr, parsePort } from './network.ts';

describe('parsePort', () => {
  it('takes 1 to 65535', () => {
    expect([parsePort('1'), parsePort('65535')]).toEqual([1, 65_535]);
  });
  it.each(['', '0', '65536', '-1', '80a', '1e3', '000080'])('refuses "%s"', (text) => {
    expect(parsePort(text)).toBeUndefined();
  });
});

describe('parseCidr', () => {
  it.each([
    ['10.0.0.0/8', 4, '10.0.0.0/8'],
    ['10.1.2.3', 4, '10.1.2.3/32'],
    ['fd00::/8', 6, 'fd00::/8'],
    ['::1', 6, '::1/128'],
  ])('reads %s', (text, family, written) => {
    expect(parseCidr(text)).toEqual({ family, text: written });
  });
  it.each(['', '10.0.0.0/33', '10.0.0/8', 'fd00::/129', '10.0.0.0/', '10.0.0.0/8/8', 'host/8'])(
    'refuses "%s"',
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );
});
