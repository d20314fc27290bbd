import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { ClusterSchema } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { VirtualHostSchema } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { RouteConfigurationSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import { EncodedResource, encodeResource, lengthPrefixed } from './resource.ts';

const cluster = create(ClusterSchema, { name: 'outbound|80||web', altStatName: 'web' });

describe('an encoded resource', () => {
  const encoded = encodeResource('cluster', cluster.name, ClusterSchema, cluster);

  it('decodes back from a state of the world', () => {
    const { resources } = fromBinary(DiscoveryResponseSchema, encoded.sotwBytes);
    expect(resources).toHaveLength(1);
    expect(resources[0]?.typeUrl).toBe('type.googleapis.com/envoy.config.cluster.v3.Cluster');
    expect(resources[0] && anyUnpack(resources[0], ClusterSchema)).toEqual(cluster);
  });

  it('decodes back from a delta, with its name and version', () => {
    const { resources } = fromBinary(DeltaDiscoveryResponseSchema, encoded.deltaBytes);
    expect(resources).toHaveLength(1);
    const [resource] = resources;
    expect(resource).toMatchObject({ name: cluster.name, version: encoded.version });
    expect(resource?.resource && anyUnpack(resource.resource, ClusterSchema)).toEqual(cluster);
    expect(encoded.version).toMatch(/^[0-9a-f]{16}$/);
  });

  it('has the version of its content', () => {
    const same = new EncodedResource('cluster', cluster.name, toBinary(ClusterSchema, cluster));
    const other = encodeResource('cluster', cluster.name, ClusterSchema, create(ClusterSchema, { name: cluster.name }));
    expect(same.version).toBe(encoded.version);
    expect(other.version).not.toBe(encoded.version);
  });

  it('has the bytes of its message, and the type that it stands in a response as', () => {
    expect(fromBinary(ClusterSchema, encoded.value)).toEqual(cluster);
    expect(encoded.value.equals(toBinary(ClusterSchema, cluster))).toBe(true);
    const host = create(VirtualHostSchema, { name: '80/web:80' });
    const { sotwBytes } = encodeResource('virtualHost', host.name, VirtualHostSchema, host);
    const [any] = fromBinary(DiscoveryResponseSchema, sotwBytes).resources;
    expect(any?.typeUrl).toBe('type.googleapis.com/envoy.config.route.v3.VirtualHost');
  });

  it('knows the objects that it was made from, which are no part of its version', () => {
    const objects = ['Service/default/web'];
    const made = encodeResource('cluster', cluster.name, ClusterSchema, cluster, objects);
    expect(made.objects).toEqual(objects);
    expect(made.version).toBe(encoded.version);
    expect(encoded.objects).toEqual([]);
  });

  it.each([0, 1, 127, 128, 70_000])('decodes back with a message of some %i bytes', (length) => {
    const long = create(ClusterSchema, { name: 'long', altStatName: 'x'.repeat(length) });
    const { sotwBytes, deltaBytes, value } = encodeResource('cluster', 'long', ClusterSchema, long);
    const [any] = fromBinary(DiscoveryResponseSchema, sotwBytes).resources;
    expect(any && anyUnpack(any, ClusterSchema)).toEqual(long);
    const [resource] = fromBinary(DeltaDiscoveryResponseSchema, deltaBytes).resources;
    expect(resource?.resource && anyUnpack(resource.resource, ClusterSchema)).toEqual(long);
    expect(fromBinary(ClusterSchema, value)).toEqual(long);
  });
});

describe('lengthPrefixed', () => {
  it('makes a field of a message from the bytes of another', () => {
    const host = create(VirtualHostSchema, { name: 'h', domains: ['*'] });
    const field = lengthPrefixed(2, toBinary(VirtualHostSchema, host));
    expect(fromBinary(RouteConfigurationSchema, field).virtualHosts).toEqual([host]);
  });
});
