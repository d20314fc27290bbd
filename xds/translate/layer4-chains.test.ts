import { describe, expect, it } from 'vitest';
import { parseAddressRange } from './address-range.ts';
import { layer4Chains } from './layer4-chains.ts';
import type { Layer4Route } from './layer4-route.ts';

const route = (cluster: string, serverName?: string, ...ranges: readonly string[]): Layer4Route => ({
  clusters: [{ cluster, weight: 1, declaredTcp: true }],
  destinationRanges: ranges.flatMap((range) => parseAddressRange(range) ?? []),
  ...(serverName === undefined ? {} : { serverName }),
});

/** `server name | addresses -> cluster` */
const chains = (routes: readonly Layer4Route[], addresses: readonly string[] = ['10.96.0.7']) =>
  layer4Chains(routes, addresses).map(
    (chain) => `${chain.serverName ?? ''}|${chain.addresses.join()} -> ${chain.clusters[0].cluster}`,
  );

describe('layer4Chains', () => {
  it('lets the first rule win that covers the address of the listener', () => {
    const routes = [
      route('v1', undefined, '10.97.0.0/16'),
      route('v2', undefined, '10.96.0.0/16'),
      route('v3', undefined, '10.96.0.7'),
      route('all'),
    ];
    expect(chains(routes)).toEqual(['| -> v2']);
  });

  it('keeps one chain for each server name and one for all other connections', () => {
    const routes = [
      route('v1', 'a.example.com', '10.97.0.0/16'),
      route('v2', 'a.example.com'),
      route('v3', '*.example.com'),
      route('all'),
    ];
    expect(chains(routes)).toEqual(['a.example.com| -> v2', '*.example.com| -> v3', '| -> all']);
  });

  it('tells the addresses of a service apart only where rules do', () => {
    const addresses = ['10.96.0.7', 'fd00::7'];
    expect(chains([route('v1', undefined, '10.0.0.0/8', 'fd00::/8'), route('all')], addresses)).toEqual(['| -> v1']);
    expect(chains([route('v1', 'a.example.com'), route('v2', undefined, 'fd00::/8'), route('all')], addresses)).toEqual(
      ['a.example.com|10.96.0.7,fd00::7 -> v1', '|fd00::7 -> v2', '|10.96.0.7 -> all'],
    );
  });
});
