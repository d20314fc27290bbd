/* eslint-disable import-x/no-restricted-paths -- what is written by hand is held to the generated code here only */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import type { DataSource } from '../../xds/envoy/gen/envoy/config/core/v3/base_pb.js';
import { SecretSchema } from '../../xds/envoy/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from '../../xds/envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import {
  decodeDeltaSecretRequest,
  decodeSecretRequest,
  encodeCertificateSecret,
  encodeDeltaSecretResponse,
  encodeRootsSecret,
  encodeSecretResponse,
  secretType,
} from './discovery.ts';

const inline = (source: DataSource | undefined): string =>
  source?.specifier.case === 'inlineBytes' ? text(source.specifier.value) : '';
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('secrets on the wire', () => {
  it('are read by the generated code as what was meant', () => {
    const identity = fromBinary(SecretSchema, encodeCertificateSecret('default', 'CHAIN', 'KEY'));
    expect(identity.name).toBe('default');
    const certificate = identity.type.case === 'tlsCertificate' ? identity.type.value : undefined;
    expect(inline(certificate?.certificateChain)).toBe('CHAIN');
    expect(inline(certificate?.privateKey)).toBe('KEY');
    const roots = fromBinary(SecretSchema, encodeRootsSecret('ROOTCA', 'ROOTS'));
    expect(roots.type.case === 'validationContext' && inline(roots.type.value.trustedCa)).toBe('ROOTS');
  });

  it('travel in state-of-the-world and delta responses', () => {
    const secrets = [{ name: 'ROOTCA', version: 'v1', bytes: encodeRootsSecret('ROOTCA', 'ROOTS') }];
    const world = fromBinary(DiscoveryResponseSchema, encodeSecretResponse('v1', 'n1', secrets));
    expect(world).toMatchObject({ versionInfo: 'v1', nonce: 'n1', typeUrl: secretType });
    expect(world.resources.map((any) => [any.typeUrl, text(any.value)])).toEqual([
      [secretType, text(encodeRootsSecret('ROOTCA', 'ROOTS'))],
    ]);
    const delta = fromBinary(DeltaDiscoveryResponseSchema, encodeDeltaSecretResponse('n2', secrets));
    expect(delta).toMatchObject({ nonce: 'n2', typeUrl: secretType });
    expect(delta.resources[0]).toMatchObject({ name: 'ROOTCA', version: 'v1', resource: { typeUrl: secretType } });
  });

  it('are asked for by requests with fields that the agent has no use for', () => {
    const world = create(DiscoveryRequestSchema, {
      node: { id: 'sidecar~1', cluster: 'c' },
      resourceNames: ['default', 'ROOTCA'],
      typeUrl: secretType,
      versionInfo: 'v1',
      responseNonce: 'n1',
      errorDetail: { code: 3, message: 'bad chain' },
    });
    expect(decodeSecretRequest(toBinary(DiscoveryRequestSchema, world))).toEqual({
      versionInfo: 'v1',
      names: ['default', 'ROOTCA'],
      nonce: 'n1',
      error: 'bad chain',
    });
    const delta = create(DeltaDiscoveryRequestSchema, {
      node: { id: 'sidecar~1' },
      resourceNamesSubscribe: ['default'],
      resourceNamesUnsubscribe: ['old'],
      initialResourceVersions: { default: 'v7' },
      responseNonce: 'n2',
    });
    expect(decodeDeltaSecretRequest(toBinary(DeltaDiscoveryRequestSchema, delta))).toEqual({
      subscribe: ['default'],
      unsubscribe: ['old'],
      held: new Map([['default', 'v7']]),
      nonce: 'n2',
    });
  });
});
