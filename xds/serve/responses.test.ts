import { create, fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import { typeUrls } from '../envoy/type-urls.ts';
import { resource } from './resources.testing.ts';
import { deltaResponse, sotwResponse } from './responses.ts';

const head = { type: 'cluster', version: 'v.1', nonce: 'n-1' } as const;
const typeUrl = typeUrls.cluster;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const bytesOf = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

it('puts responses together that say what the library would have said', () => {
  const names = fc.uniqueArray(fc.string({ maxLength: 20 }), { maxLength: 6 });
  fc.assert(
    fc.property(names, names, (sent, removed) => {
      const resources = sent.map((name) => resource('cluster', name));
      const anys = sent.map((name) => ({ typeUrl, value: encode(`${name} v1`) }));
      const delta = create(DeltaDiscoveryResponseSchema, {
        systemVersionInfo: head.version,
        nonce: head.nonce,
        typeUrl,
        removedResources: removed,
        resources: sent.map((name, position) => {
          const { version } = resources[position] ?? { version: '' };
          return { name, version, ...(anys[position] === undefined ? {} : { resource: anys[position] }) };
        }),
      });
      const sotw = create(DiscoveryResponseSchema, {
        versionInfo: head.version,
        nonce: head.nonce,
        typeUrl,
        resources: anys,
      });
      // As it is sent to one client alone, and where its first resources are a list that many are sent.
      const updates = [
        { resources, removed },
        ...[0, 1, 6].map((count) => ({ resources, removed, shared: resources.slice(0, count) })),
      ];
      for (const update of updates) {
        const [deltaBytes, sotwBytes] = [deltaResponse(head, update), sotwResponse(head, update)].map(bytesOf);
        expect(deltaBytes && fromBinary(DeltaDiscoveryResponseSchema, deltaBytes)).toEqual(delta);
        expect(sotwBytes && fromBinary(DiscoveryResponseSchema, sotwBytes)).toEqual(sotw);
      }
    }),
    { numRuns: 100 },
  );
});

it('puts the bytes of a list that many clients are sent together once for all of them', () => {
  const shared = [resource('cluster', 'a'), resource('cluster', 'b')];
  const own = resource('cluster', 'own.c');
  const [, first] = deltaResponse(head, { resources: shared, removed: [], shared });
  const [, second, rest] = deltaResponse(head, { resources: [...shared, own], removed: [], shared });
  expect(second).toBe(first);
  expect(rest).toEqual(own.deltaBytes);
});
