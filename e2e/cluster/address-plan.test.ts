import { describe, expect, it } from 'vitest';
import { choosePlan, parseRange, planOf } from './address-plan.ts';

describe('parseRange', () => {
  it('reads an address as a range of one, and a range by its first and last address', () => {
    expect(parseRange('10.0.0.7')).toEqual({ first: 167772167, last: 167772167 });
    expect(parseRange('10.0.0.7/8')).toEqual({ first: 167772160, last: 184549375 });
    expect(parseRange('0.0.0.0/0')).toEqual({ first: 0, last: 2 ** 32 - 1 });
  });

  it.each(['default', 'fe80::/64', '10.0.0.256', '10.0.0.0/33', '10.0.0'])('takes %s for no range', (text) => {
    expect(parseRange(text)).toBeUndefined();
  });
});

describe('choosePlan', () => {
  it('takes the first block on a machine that uses none', () => {
    expect(choosePlan(['192.0.2.2/24', 'default', 'fd00::2/64']).range).toBe('10.200.0.0/16');
  });

  it('passes over blocks in which an address, a part or a larger range is in use', () => {
    expect(choosePlan(['10.200.3.4', '10.201.128.0/24']).range).toBe('10.202.0.0/16');
    expect(choosePlan(['10.192.0.0/10']).range).toBe('10.100.0.0/16');
  });

  it('says so when no block is left', () => {
    expect(() => choosePlan(['10.0.0.0/8'])).toThrow(/no free range/);
  });
});

describe('planOf', () => {
  const plan = planOf(200);
  const range = (text: string) => parseRange(text) ?? { first: NaN, last: NaN };
  const within = (inner: string, outer: string) =>
    range(inner).first >= range(outer).first && range(inner).last <= range(outer).last;

  it('keeps everything within the one range that is routed', () => {
    for (const part of [plan.hostAddress, plan.nodeAddress, plan.serviceRange, plan.podRange, plan.nodePodRange]) {
      expect(within(part, plan.range), part).toBe(true);
    }
  });

  it('keeps link, services and pods apart, and the well-known services among the services', () => {
    const link = `${plan.hostAddress}/${plan.linkBits}`;
    expect(range(link).last).toBeLessThan(range(plan.serviceRange).first);
    expect(range(plan.serviceRange).last).toBeLessThan(range(plan.podRange).first);
    expect(within(plan.apiService, plan.serviceRange) && within(plan.dnsService, plan.serviceRange)).toBe(true);
  });
});
