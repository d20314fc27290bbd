import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { ClusterSchema } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import { encodeResource, resourceFromBytes } from './resource.ts';
import { difference, emptySet, resourceSet } from './resource-set.ts';

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
    const same = resourceFromBytes('cluster', cluster.name, toBinary(ClusterSchema, cluster));
    const other = encodeResource('cluster', cluster.name, ClusterSchema, create(ClusterSchema, { name: cluster.name }));
    expect(same.version).toBe(encoded.version);
    expect(other.version).not.toBe(encoded.version);
  });
});

describe('a set of resources', () => {
  const resource = (name: string, content = name) =>
    resourceFromBytes('cluster', name, new TextEncoder().encode(content));

  it('stays the object that it was while nothing in it changes', () => {
    const before = resourceSet([resource('a'), resource('b')]);
    expect(resourceSet([resource('b'), resource('a')], before)).toBe(before);
    expect(resourceSet([resource('a'), resource('b', 'changed')], before)).not.toBe(before);
    expect(resourceSet([resource('a')], before)).not.toBe(before);
    expect(resourceSet([], emptySet)).toBe(emptySet);
  });

  it('holds the last of a repeated name, as the same object time after time', () => {
    const before = resourceSet([resource('a', 'first'), resource('a', 'second')]);
    expect(before.resources.get('a')?.version).toBe(resource('a', 'second').version);
    expect(resourceSet([resource('a', 'first'), resource('a', 'second')], before)).toBe(before);
  });

  it('has the same version for the same content in any order, another one for other content', () => {
    const version = resourceSet([resource('a'), resource('b')]).version;
    expect(resourceSet([resource('b'), resource('a')]).version).toBe(version);
    expect(resourceSet([resource('a'), resource('c')]).version).not.toBe(version);
    expect(resourceSet([]).version).toBe(emptySet.version);
  });

  it('differs from another by what was changed and removed, worked out once', () => {
    const before = resourceSet([resource('a'), resource('b'), resource('c')]);
    const after = resourceSet([resource('a'), resource('b', 'changed'), resource('d')]);
    const found = difference(before, after);
    expect(found.changed.map(({ name }) => name)).toEqual(['b', 'd']);
    expect(found.removed).toEqual(['c']);
    expect(difference(before, after)).toBe(found);
    expect(difference(after, after)).toEqual({ changed: [], removed: [] });
  });
});
