import { describe, expectTypeOf, it } from 'vitest';
import type { DestinationRule, TrafficPolicy } from './destination-rule.ts';
import type { PeerAuthenticationSpec } from './peer-authentication.ts';
import type { HttpRoute, StringMatch, VirtualService } from './virtual-service.ts';

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
    expectTypeOf<NonNullable<NonNullable<PeerAuthenticationSpec['mtls']>['mode']>>().toEqualTypeOf<
      'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT'
    >();
    expectTypeOf<VirtualService['metadata']['name']>().toEqualTypeOf<string>();
  });
});
