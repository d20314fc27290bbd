import type { Fields } from '../envoy/fields.ts';
import type { AddressSchema, CidrRangeSchema } from '../envoy/gen/envoy/config/core/v3/address_pb.js';
import type { IpFamilies } from '../model/ip-families.ts';
import { isIpv6 } from '../model/ip-families.ts';

type AddressInit = Fields<typeof AddressSchema>;

/** A TCP address: an IP address, or a name where DNS finds it. */
export function socketAddress(address: string, port: number): AddressInit {
  return {
    address: { case: 'socketAddress', value: { address, portSpecifier: { case: 'portValue', value: port } } },
  };
}

/** The range that holds one address only. */
export function hostRange(address: string): Fields<typeof CidrRangeSchema> {
  return { addressPrefix: address, prefixLen: isIpv6(address) ? 128 : 32 };
}

/** "Any address" of each family, IPv4 first. */
export function wildcards({ ipv4, ipv6 }: IpFamilies): readonly [string, ...string[]] {
  if (ipv4) return ipv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'];
  return ['::'];
}
