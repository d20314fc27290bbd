import { parseAddress } from '../lib/http-server.ts';

/** Throws an Error that names an address that others than this pod or machine can reach. */
export function requireLoopback(address: string): void {
  const { host } = parseAddress(address);
  if (host !== undefined && isLoopback(host)) return;
  throw new Error(
    `"${address}" is not a loopback address: debug pages are for whoever can reach them, ` +
      'so give 127.0.0.1:port, [::1]:port or localhost:port',
  );
}

/** Whether a host, without its port, is this machine under its own name. */
export function isLoopback(host: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(host) || host === '::1' || host === 'localhost';
}
