import { expect, it } from 'vitest';
import { rangesOf } from './host-addresses.ts';

it('reads the targets of routes, but not the default one', () => {
  const routes = [
    { dst: 'default', gateway: '192.0.2.1' },
    { dst: '192.0.2.0/24', dev: 'eth0' },
    { type: 'local', dst: '127.0.0.1' },
  ];
  expect(rangesOf(JSON.stringify(routes))).toEqual(['192.0.2.0/24', '127.0.0.1']);
});

it('reads the addresses of links with their prefix', () => {
  const links = [
    { ifname: 'eth0', addr_info: [{ family: 'inet', local: '192.0.2.2', prefixlen: 24 }] },
    { ifname: 'lo' },
    {},
  ];
  expect(rangesOf(JSON.stringify(links))).toEqual(['192.0.2.2/24']);
});

it('takes nothing for no records', () => {
  expect(rangesOf('')).toEqual([]);
});
