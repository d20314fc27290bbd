import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordingLogger } from '../lib/logger.ts';
import { createRegistry, renderMetrics } from '../lib/metrics.ts';
import { createInjector } from './injector.ts';
import { injectSidecar } from './inject.ts';
import { jsonPatch } from './json-patch.ts';
import { readPod } from './pod.ts';
import { settings } from './settings.testing.ts';
import { reviewInjection } from './webhook.ts';
import { injectionWebhooks } from './webhook-configuration.ts';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'web-', creationTimestamp: null, annotations: { 'a/b~c': 'd' } },
  spec: { containers: [{ name: 'web', image: 'web:1' }] },
};

function review(object: unknown, request: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u1', kind, operation: 'CREATE', namespace: 'shop', object, ...request },
  };
}

const context = { settings };

interface Patched {
  readonly patch?: string;
  readonly patchType?: string;
  readonly warnings?: readonly string[];
}

type Operation = { readonly op: string; readonly path: string; readonly value?: unknown };

/** RFC 6902, as far as `jsonPatch` goes. */
function apply(document: unknown, operations: readonly Operation[]): unknown {
  let root: unknown = structuredClone(document);
  for (const { op, path, value } of operations) {
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop();
    if (last === undefined) {
      root = value;
      continue;
    }
    const target = keys.reduce<Record<string, unknown>>(
      (at, key) => at[key] as Record<string, unknown>,
      root as Record<string, unknown>,
    );
    if (op !== 'add' && !(last in target)) throw new Error(`${op} of ${path}, which is not there`);
    if (op === 'remove') Reflect.deleteProperty(target, last);
    else target[last] = value;
  }
  return root;
}

const decodePatch = (response: Patched): readonly Operation[] =>
  JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString()) as readonly Operation[];

describe('reviewInjection', () => {
  it('answers with a patch that makes the injected pod', () => {
    const { answer, outcome } = reviewInjection(review(pod), context);
    const response: Patched = answer.response;
    expect(response).toMatchObject({ uid: 'u1', allowed: true, patchType: 'JSONPatch' });
    const expected = readPod(pod);
    if (typeof expected === 'string') throw new Error(expected);
    expect(apply(pod, decodePatch(response))).toEqual(injectSidecar(expected, 'shop', settings).pod);
    expect(outcome).toEqual({ kind: 'injected', object: 'pod shop/web-*', reason: 'the injection policy is enabled' });
  });

  it('answers without a patch when the pod has its sidecar', () => {
    const once = apply(pod, decodePatch(reviewInjection(review(pod), context).answer.response));
    const { response } = reviewInjection(review(once), context).answer;
    expect(response).toEqual({ uid: 'u1', allowed: true });
  });

  it('lets a pod pass that is not to be injected', () => {
    const namespaceLabels = (): Record<string, string> => ({ 'istio-injection': 'disabled' });
    const { answer, outcome } = reviewInjection(review(pod), { settings, namespaceLabels });
    expect(answer.response).toEqual({ uid: 'u1', allowed: true });
    expect(outcome.reason).toBe('the namespace is labelled istio-injection=disabled');
  });

  it.each([
    ['another kind', { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }],
    ['an update', { operation: 'UPDATE' }],
    ['a subresource', { subResource: 'ephemeralcontainers' }],
  ])('lets %s pass', (_what, request) => {
    expect(reviewInjection(review(pod, request), context).answer.response).toEqual({ uid: 'u1', allowed: true });
  });

  it('denies a pod whose annotations cannot be followed, by their names', () => {
    const metadata = { name: 'web', annotations: { 'sidecar.istio.io/proxyCPU': 'lots' } };
    const { response } = reviewInjection(review({ ...pod, metadata }), context).answer;
    expect(response).toMatchObject({ allowed: false, status: { code: 400 } });
    expect(response.status?.message).toMatch(/pod shop\/web cannot be injected: .*sidecar.istio.io\/proxyCPU="lots"/);
  });

  it('hands warnings on', () => {
    const metadata = { annotations: { 'sidecar.istio.io/bootstrapOverride': 'x' } };
    const { response } = reviewInjection(review({ ...pod, metadata }), context).answer;
    expect(response.warnings).toEqual(['annotation sidecar.istio.io/bootstrapOverride has no effect']);
  });

  it.each([
    ['nothing', undefined],
    ['text', 'x'],
    ['another review', { apiVersion: 'v1', request: {} }],
    ['no request', { apiVersion: 'admission.k8s.io/v1' }],
    ['a pod that is text', review('x')],
    ['a pod without spec', review({ metadata: {} })],
    ['containers that are no list', review({ spec: { containers: {} } })],
    ['a container without name', review({ spec: { containers: [{}] } })],
    ['labels that are numbers', review({ metadata: { labels: { a: 1 } }, spec: { containers: [] } })],
    ['a probe that is text', review({ spec: { containers: [{ name: 'a', livenessProbe: 'x' }] } })],
  ])('denies %s with a reason', (_what, value) => {
    const { response } = reviewInjection(value, context).answer;
    expect(response.allowed).toBe(false);
    expect(response.status?.message).toMatch(/must be|no AdmissionReview|no request/);
  });

  it('takes null for absent lists', () => {
    const object = { metadata: { labels: null }, spec: { containers: [], initContainers: null, volumes: null } };
    const { response } = reviewInjection(review(object), context).answer;
    expect(response.allowed).toBe(true);
    expect(() => apply(object, decodePatch(response))).not.toThrow();
  });

  it('answers whatever it is sent', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (metadata, container) => {
        const object = { metadata, spec: { containers: [container] } };
        for (const value of [metadata, review(container), review(object)]) {
          expect(typeof reviewInjection(value, context).answer.response.allowed).toBe('boolean');
        }
      }),
    );
  });
});

describe('jsonPatch', () => {
  it('takes keys that objects inherit for ordinary ones', () => {
    expect(jsonPatch({ toString: 'a' }, {})).toEqual([{ op: 'remove', path: '/toString' }]);
    expect(jsonPatch({}, { constructor: 'b' })).toEqual([{ op: 'add', path: '/constructor', value: 'b' }]);
  });

  it('turns any document into any other', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
        // `__proto__` is no ordinary key for the test's own `apply`.
        fc.pre(!JSON.stringify([before, after]).includes('__proto__'));
        const document = JSON.parse(JSON.stringify({ before, kept: 1 })) as unknown;
        const wanted = JSON.parse(JSON.stringify({ before: after, kept: 1 })) as unknown;
        expect(apply(document, jsonPatch(document, wanted))).toEqual(wanted);
      }),
    );
  });
});

describe('createInjector', () => {
  it('counts and logs what it does', async () => {
    const metrics = createRegistry({ processMetrics: false });
    const logger = recordingLogger();
    const inject = createInjector({ context: () => context, logger, metrics });
    inject(JSON.stringify(review(pod)));
    inject(JSON.stringify(review(pod, { namespace: 'kube-system' })));
    expect(JSON.parse(inject('not JSON'))).toMatchObject({ response: { allowed: false } });
    const { body } = await renderMetrics(metrics);
    expect(body).toContain('sidecar_injection_requests_total 3');
    expect(body).toContain('sidecar_injection_success_total 1');
    expect(body).toContain('sidecar_injection_skip_total 1');
    expect(body).toContain('sidecar_injection_failure_total 1');
    expect(body).toContain('sidecar_injection_time_seconds_count 3');
    expect(logger.entries.map(({ message }) => message)).toEqual([
      'sidecar injected',
      'sidecar not injected',
      'sidecar cannot be injected',
    ]);
  });
});

describe('injectionWebhooks', () => {
  it('calls the istiod of the revision for each selection, and refuses pods when it cannot', () => {
    const webhooks = injectionWebhooks({
      name: 'canary',
      enableNamespacesByDefault: false,
      service: { namespace: 'istio-system', name: 'istiod-canary' },
      rootCertificates: 'PEM',
    });
    expect(webhooks.map(({ name }) => name)).toEqual([
      'rev.namespace.sidecar-injector.istio.io',
      'rev.object.sidecar-injector.istio.io',
    ]);
    expect(webhooks[0]).toMatchObject({
      failurePolicy: 'Fail',
      clientConfig: { caBundle: 'UEVN', service: { name: 'istiod-canary', path: '/inject', port: 443 } },
      namespaceSelector: {
        matchExpressions: [
          { key: 'istio.io/rev', operator: 'In', values: ['canary'] },
          { key: 'istio-injection', operator: 'DoesNotExist' },
        ],
      },
    });
  });

  it('leave pods to an istiod beside it that are given to that one, and to it all others', () => {
    const webhooks = injectionWebhooks({
      name: 'prod',
      enableNamespacesByDefault: false,
      service: { namespace: 'istio-system', name: 'istiod' },
      beside: { revision: 'next', service: { namespace: 'istio-system', name: 'istiod-next' } },
      rootCertificates: 'PEM',
    });
    const given =
      "has(object.metadata.annotations) && 'meltemi.dev/revision' in object.metadata.annotations && " +
      "object.metadata.annotations['meltemi.dev/revision'] == 'next'";
    expect(
      webhooks.map(({ name, clientConfig, matchConditions }) => [
        name,
        clientConfig.service?.name,
        matchConditions?.map(({ expression }) => expression),
      ]),
    ).toEqual([
      ['rev.namespace.sidecar-injector.istio.io', 'istiod', [`!(${given})`]],
      ['rev.object.sidecar-injector.istio.io', 'istiod', [`!(${given})`]],
      ['given.rev.namespace.sidecar-injector.istio.io', 'istiod-next', [given]],
      ['given.rev.object.sidecar-injector.istio.io', 'istiod-next', [given]],
    ]);
    expect(webhooks[2]?.namespaceSelector).toEqual(webhooks[0]?.namespaceSelector);
  });
});
