import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reviewValidation } from './webhook.ts';

const valid = { hosts: ['reviews'], http: [{ route: [{ destination: { host: 'reviews' } }] }] };
const invalid = { hosts: ['reviews'], http: [{ route: [{ destination: { host: 'reviews' }, weight: -5 }] }] };

function review(request: object): unknown {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u1',
      kind: { group: 'networking.istio.io', version: 'v1', kind: 'VirtualService' },
      operation: 'CREATE',
      name: 'reviews',
      namespace: 'default',
      oldObject: null,
      ...request,
    },
  };
}

function object(spec: unknown, metadata: object = { name: 'reviews', namespace: 'default' }): object {
  return { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata, spec };
}

describe('the validating webhook', () => {
  it('allows what is right', () => {
    expect(reviewValidation(review({ object: object(valid) }))).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'u1', allowed: true },
    });
  });

  it('denies what cannot work, and names object, field and reason', () => {
    const { response } = reviewValidation(review({ object: object(invalid) }));
    const field = 'spec.http[0].route[0].weight';
    expect(response).toEqual({
      uid: 'u1',
      allowed: false,
      status: {
        code: 422,
        reason: 'Invalid',
        message: `VirtualService "reviews" in namespace "default" is invalid: ${field}: must not be negative, is -5`,
        details: {
          group: 'networking.istio.io',
          kind: 'VirtualService',
          name: 'reviews',
          causes: [{ reason: 'FieldValueInvalid', field, message: 'must not be negative, is -5' }],
        },
      },
    });
  });

  it('names ten problems at most', () => {
    const hosts = Array.from({ length: 15 }, (_, index) => `bad host ${index}`);
    const { response } = reviewValidation(review({ object: object({ ...valid, hosts }) }));
    expect(response.status?.message).toMatch(/spec\.hosts\[9\]: .*; and 5 more$/);
    expect(response.status?.details?.causes).toHaveLength(10);
  });

  it('passes warnings on, with and without errors, short and in one line', () => {
    const mirror = { ...valid.http[0], mirror: { host: 'a' }, mirrorPercent: 50 };
    const warned = reviewValidation(review({ object: object({ ...valid, http: [mirror] }) })).response;
    expect(warned).toMatchObject({
      allowed: true,
      warnings: ['spec.http[0].mirrorPercent: is deprecated; use mirrorPercentage'],
    });
    const prefix = `a\n${'b'.repeat(500)}`;
    const long = { ...valid.http[0], match: [{ uri: { prefix } }], timeout: '0s' };
    const both = reviewValidation(review({ object: object({ ...valid, http: [long] }) })).response;
    expect(both.allowed).toBe(false);
    expect(both.warnings).toHaveLength(1);
    expect(both.warnings?.[0]).toMatch(/^spec\.http\[0\]\.match\[0\]\.uri\.prefix: [^\n]+…$/);
    expect(both.warnings?.[0]?.length).toBeLessThanOrEqual(256);
  });

  it('does not block what makes no object worse', () => {
    const bad = object(invalid);
    const gone = object(invalid, { name: 'reviews', deletionTimestamp: '2026-01-01T00:00:00Z' });
    const labelled = object(invalid, { name: 'reviews', labels: { a: 'b' } });
    const allowed = (request: object) => reviewValidation(review(request)).response.allowed;
    expect(allowed({ operation: 'DELETE', object: null, oldObject: bad })).toBe(true);
    expect(allowed({ operation: 'UPDATE', subResource: 'status', object: bad })).toBe(true);
    expect(allowed({ operation: 'UPDATE', object: gone, oldObject: object(valid) })).toBe(true);
    expect(reviewValidation(review({ operation: 'UPDATE', object: labelled, oldObject: bad })).response).toEqual({
      uid: 'u1',
      allowed: true,
      warnings: ['spec.http[0].route[0].weight: must not be negative, is -5'],
    });
    expect(allowed({ operation: 'UPDATE', object: bad, oldObject: object(valid) })).toBe(false);
  });

  it('lets other kinds pass', () => {
    const kind = { group: 'networking.istio.io', version: 'v1', kind: 'Gateway' };
    expect(reviewValidation(review({ kind, object: object(invalid) })).response.allowed).toBe(true);
  });

  it('denies an object of another shape, and one whose spec is missing', () => {
    const message = (spec: unknown) => reviewValidation(review({ object: object(spec) })).response.status?.message;
    expect(message({ hosts: [5], http: {} })).toBe(
      'VirtualService "reviews" in namespace "default" is invalid: spec.hosts[0]: must be a string, is of type number; spec.http: must be a list, is of type object',
    );
    expect(message(undefined)).toBe('VirtualService "reviews" in namespace "default" is invalid: spec: is required');
    expect(reviewValidation(review({ object: 'nothing' })).response).toMatchObject({
      uid: 'u1',
      allowed: false,
      status: { code: 400, message: 'VirtualService "reviews" in namespace "default" is no object with metadata' },
    });
  });

  it.each([
    [undefined, 'the request is no AdmissionReview: it must be a JSON object'],
    [[], 'the request is no AdmissionReview: it must be a JSON object'],
    [{ apiVersion: 'admission.k8s.io/v1beta1' }, 'the request is no AdmissionReview of admission.k8s.io/v1'],
    [{ apiVersion: 'admission.k8s.io/v1' }, 'the AdmissionReview has no request with a uid'],
  ])('denies %j, which is no review', (body, message) => {
    expect(reviewValidation(body).response).toEqual({
      uid: '',
      allowed: false,
      status: { code: 400, reason: 'BadRequest', message },
    });
  });

  it('answers anything without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('VirtualService', 'DestinationRule'), (spec, kind) => {
        const group = 'networking.istio.io';
        const { response } = reviewValidation(review({ kind: { group, version: 'v1', kind }, object: object(spec) }));
        expect(response.uid).toBe('u1');
        expect(reviewValidation(spec).response.allowed).toBe(false);
      }),
    );
  });

  it('answers specs without throwing that have the right keys and anything in them', () => {
    const http = fc.record(
      Object.fromEntries(
        ['match', 'route', 'redirect', 'retries', 'fault', 'headers'].map((key) => [key, fc.jsonValue()]),
      ),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(http), (hosts, rules) => {
        expect(reviewValidation(review({ object: object({ hosts, http: rules }) })).response.uid).toBe('u1');
      }),
    );
  });
});
