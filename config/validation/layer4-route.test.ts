import { describe, expect, it } from 'vitest';
import { problemsOf } from './problems-of.testing.ts';

const problems = (yaml: string) => problemsOf('networking.istio.io/v1', 'VirtualService', yaml);

type Case = readonly [what: string, yaml: string, ...problems: string[]];

const layer4: readonly Case[] = [
  [
    'TLS without match',
    '{hosts: [a], tls: [{match: [], route: [{destination: {host: a}}]}]}',
    'error spec.tls[0].match: must have at least one entry',
  ],
  [
    'TLS without server name',
    '{hosts: [a], tls: [{match: [{sniHosts: []}], route: [{destination: {host: a}}]}]}',
    'error spec.tls[0].match[0].sniHosts: must have at least one entry',
  ],
  [
    'a server name of other hosts',
    '{hosts: [a], tls: [{match: [{sniHosts: [b]}], route: [{destination: {host: a}}]}]}',
    'error spec.tls[0].match[0].sniHosts[0]: "b" is covered by none of spec.hosts',
  ],
  [
    'a server name that is none',
    '{hosts: [a], tls: [{match: [{sniHosts: ["a b"]}], route: [{destination: {host: a}}]}]}',
    'error spec.tls[0].match[0].sniHosts[0]: "a b" is neither a host name nor a wildcard of one',
  ],
  [
    'an address as server name',
    '{hosts: ["::1"], tls: [{match: [{sniHosts: ["::1"]}], route: [{destination: {host: a}}]}]}',
    'warning spec.tls[0].match[0].sniHosts[0]: "::1" is an IP address, which clients do not send as server name',
  ],
  [
    'TLS without destination',
    '{hosts: [a], tls: [{match: [{sniHosts: [a]}]}]}',
    'error spec.tls[0].route: must have at least one destination',
  ],
  [
    'TCP without destination',
    '{hosts: [a], tcp: [{match: [{port: 80}]}]}',
    'error spec.tcp[0].route: must have at least one destination',
  ],
  [
    'a subnet that is none',
    '{hosts: [a], tcp: [{match: [{destinationSubnets: [10.0.0.0/8, 10.0.0.0/33, "fd00::/8", x]}], route: [{destination: {host: a}}]}]}',
    'error spec.tcp[0].match[0].destinationSubnets[1]: "10.0.0.0/33" is neither an IP address nor a CIDR range',
    'error spec.tcp[0].match[0].destinationSubnets[3]: "x" is neither an IP address nor a CIDR range',
  ],
  [
    'the deprecated source subnet',
    '{hosts: [a], tcp: [{match: [{sourceSubnet: 10.0.0.0/8}], route: [{destination: {host: a}}]}]}',
    'warning spec.tcp[0].match[0].sourceSubnet: is deprecated and without effect',
  ],
  [
    'weights of TCP',
    '{hosts: [a], tcp: [{route: [{destination: {host: a}, weight: -1}]}]}',
    'error spec.tcp[0].route[0].weight: must not be negative, is -1',
  ],
];

describe('validation of rules for TLS and TCP', () => {
  it.each(layer4)('finds %s', (_, yaml, ...expected) => expect(problems(yaml)).toEqual(expected));
});
