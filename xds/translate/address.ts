import type { Fields } from '../envoy/fields.ts';
import type { AddressSchema, CidrRangeSchema } from '../envoy/gen/envoy/config/core/v3/address_pb.js';

type AddressInit = Fields<typeof AddressSchema>;

/** A TCP address: an IP address, or a name where DNS finds it. */
export function socketAddress(address: string, port: number): AddressInit {
  return {
    address: { case: 'socketAddress', value: { address, portSpecifier: { case: 'portValue', value: port } } },
  };
}

export function isIpv6(address: string): boolean {
  return address.includes(':');
}

/** The range that holds one address only. */
export function hostRange(address: string): Fields<typeof CidrRangeSchema> {
  return { addressPrefix: address, prefixLen: isIpv6(address) ? 128 : 32 };
}

/** Address families of a proxy's own addresses; IPv4 where none is known yet. */
export interface IpFamilies {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

export function ipFamiliesOf(addresses: readonly string[]): IpFamilies {
  const ipv6 = addresses.some(isIpv6);
  return { ipv4: !ipv6 || addresses.some((address) => !isIpv6(address)), ipv6 };
}

/** "Any address" of each family, IPv4 first. */
export function wildcards({ ipv4, ipv6 }: IpFamilies): readonly [string, ...string[]] {
  if (ipv4) return ipv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'];
  return ['::'];
}
