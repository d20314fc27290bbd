import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
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
      const asLibrary = (bytes: Buffer) =>
        toBinary(DeltaDiscoveryResponseSchema, fromBinary(DeltaDiscoveryResponseSchema, bytes));
      expect(asLibrary(deltaResponse(head, resources, removed))).toEqual(toBinary(DeltaDiscoveryResponseSchema, delta));
      expect(
        toBinary(DiscoveryResponseSchema, fromBinary(DiscoveryResponseSchema, sotwResponse(head, resources))),
      ).toEqual(toBinary(DiscoveryResponseSchema, sotw));
    }),
    { numRuns: 100 },
  );
});
