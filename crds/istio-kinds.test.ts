import { describe, expect, expectTypeOf, it } from 'vitest';
import type { DestinationRule, TrafficPolicy } from './destination-rule.ts';
import { destinationRule } from './destination-rule.ts';
import { listFields } from './oracle/field-listing.ts';
import oracle from './oracle/istio-api-fields.json' with { type: 'json' };
import type { PeerAuthentication } from './peer-authentication.ts';
import { peerAuthentication } from './peer-authentication.ts';
import type { HttpRoute, StringMatch, VirtualService } from './virtual-service.ts';
import { virtualService } from './virtual-service.ts';

const pairs = [
  { kind: virtualService, istio: oracle.kinds.VirtualService },
  { kind: destinationRule, istio: oracle.kinds.DestinationRule },
  { kind: peerAuthentication, istio: oracle.kinds.PeerAuthentication },
];

describe.each(pairs)('schema of $kind.kind', ({ kind, istio }) => {
  it("has the spec of Istio's API, field by field, with the same types and constraints", () => {
    const ours = listFields(kind.spec.openapi, 'spec');
    // A spec that may be left out is filled in here, which Istio does not do.
    expect({ ...ours, spec: ours.spec?.replace('default={} ', '') }).toEqual(istio.spec);
  });

  it("has the status of Istio's API, with the conditions as a map for server-side apply", () => {
    expect(listFields(kind.status.openapi, 'status')).toEqual({
      ...istio.status,
      'status.conditions': 'type=array x-kubernetes-list-map-keys=["type"] x-kubernetes-list-type=map',
      'status.conditions[]': 'required=["status","type"] type=object',
      'status.conditions[].type': 'maxLength=316 minLength=1 type=string',
    });
  });
});

describe('types of the Istio kinds', () => {
  it('follow the schema', () => {
    expectTypeOf<VirtualService['spec']['hosts']>().toEqualTypeOf<readonly string[] | undefined>();
    expectTypeOf<StringMatch>().toEqualTypeOf<{
      readonly exact?: string;
      readonly prefix?: string;
      readonly regex?: string;
    }>();
    expectTypeOf<NonNullable<HttpRoute['route']>[number]['destination']['host']>().toEqualTypeOf<string>();
    expectTypeOf<DestinationRule['spec']['host']>().toEqualTypeOf<string>();
    expectTypeOf<NonNullable<NonNullable<TrafficPolicy['tls']>['mode']>>().toEqualTypeOf<
      'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL'
    >();
    expectTypeOf<NonNullable<NonNullable<PeerAuthentication['spec']['mtls']>['mode']>>().toEqualTypeOf<
      'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT'
    >();
    expectTypeOf<VirtualService['metadata']['name']>().toEqualTypeOf<string>();
  });
});
