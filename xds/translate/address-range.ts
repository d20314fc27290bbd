import { create } from '@bufbuild/protobuf';
import { isIPv4, isIPv6 } from 'node:net';
import type { CidrRange } from '../envoy/gen/envoy/config/core/v3/address_pb.js';
import { CidrRangeSchema } from '../envoy/gen/envoy/config/core/v3/address_pb.js';

/** Reads an address or a CIDR range as users write it; undefined for anything else. */
export function parseAddressRange(text: string): CidrRange | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  if (bits === 0 || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined;
  const prefixLen = length === undefined ? bits : Number(length);
  return prefixLen > bits ? undefined : create(CidrRangeSchema, { addressPrefix: address, prefixLen });
}

type AddressRange = Pick<CidrRange, 'addressPrefix' | 'prefixLen'>;

/** Whether an IP address lies in a range. */
export function containsAddress(range: AddressRange, address: string): boolean {
  return addressRangeKey({ addressPrefix: address, prefixLen: isIPv6(address) ? 128 : 32 }).startsWith(
    addressRangeKey(range),
  );
}

/** Equal for ranges that hold the same addresses, however they are written; begins with that of any wider range. */
export function addressRangeKey({ addressPrefix, prefixLen = 0 }: AddressRange): string {
  const bytes = isIPv4(addressPrefix) ? addressPrefix.split('.').map(Number) : ipv6Bytes(addressPrefix);
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return `${bytes.length}:${bits.slice(0, prefixLen)}`;
}

function ipv6Bytes(address: string): readonly number[] {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const [, front = address, ipv4] = dotted ?? [];
  const tail = ipv4 === undefined ? [] : ipv4.split('.').map(Number);
  const [before = '', after] = (ipv4 === undefined ? front : front.replace(/:$/, '')).split('::');
  const head = groupBytes(before);
  const end = [...groupBytes(after ?? ''), ...tail];
  if (after === undefined) return [...head, ...end];
  return [...head, ...Array.from({ length: 16 - head.length - end.length }, () => 0), ...end];
}

function groupBytes(groups: string): readonly number[] {
  return groups
    .split(':')
    .filter((group) => group !== '')
    .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}
