import { isIP } from 'node:net';

export interface CidrBlock {
  readonly family: 4 | 6;
  /** `10.0.0.0/8`, always with its prefix length. */
  readonly text: string;
}

/** A TCP port from 1 to 65535; undefined for anything else. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** An address block in CIDR notation, a bare address being a block of one; undefined for anything else. */
export function parseCidr(text: string): CidrBlock | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family !== 4 && family !== 6) return undefined;
  const bits = family === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (rest.length > 0 || length < 0 || length > bits) return undefined;
  return { family, text: `${address}/${length}` };
}
