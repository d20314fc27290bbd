/** Address families; IPv4 where none is known yet. */
export interface IpFamilies {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

export function isIpv6(address: string): boolean {
  return address.includes(':');
}

export function ipFamiliesOf(addresses: readonly string[]): IpFamilies {
  const ipv6 = addresses.some(isIpv6);
  return { ipv4: !ipv6 || addresses.some((address) => !isIpv6(address)), ipv6 };
}
