import type { JsonObject } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeSchema } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import { parseProxy } from './proxy.ts';

const id = 'sidecar~10.1.0.1~web-1.shop~shop.svc.cluster.local';
const parse = (nodeId: string, metadata?: JsonObject) =>
  parseProxy(create(NodeSchema, { id: nodeId, ...(metadata === undefined ? {} : { metadata }) }));

describe('a node', () => {
  it('says who the proxy is', () => {
    const metadata = {
      NAMESPACE: 'shop',
      SERVICE_ACCOUNT: 'web',
      INSTANCE_IPS: '10.1.0.1,fd00::1',
      LABELS: { app: 'web', number: 7 },
      WORKLOAD_NAME: 'web',
      ISTIO_VERSION: '1.2.3',
      ISTIO_REVISION: 'canary',
    };
    expect(parse(id, metadata)).toEqual({
      proxy: {
        id,
        type: 'sidecar',
        addresses: ['10.1.0.1', 'fd00::1'],
        pod: 'web-1',
        namespace: 'shop',
        serviceAccount: 'web',
        labels: { app: 'web' },
        workload: 'web',
        version: '1.2.3',
        revision: 'canary',
      },
    });
  });

  it('may be without metadata, and have dots in the name of its pod', () => {
    expect(parse('sidecar~10.1.0.1~web.1.shop~shop.svc.cluster.local')).toMatchObject({
      proxy: { pod: 'web.1', namespace: 'shop', serviceAccount: 'default', labels: {}, workload: 'web.1' },
    });
  });

  it.each([
    ['', 'is not of the form'],
    ['web-1', 'is not of the form'],
    ['sidecar~10.1.0.1~web-1.shop', 'is not of the form'],
    ['sidecar~10.1.0.1~web-1~shop.svc', 'is not of the form'],
    ['sidecar~10.1.0.1~.shop~shop.svc', 'is not of the form'],
    ['sidecar~10.1.0.1~web-1.~shop.svc', 'is not of the form'],
    ['sidecar~10.1.0.1~web-1.shop~a~b', 'is not of the form'],
    ['sidecar~10.1.0.1~web 1.shop~shop.svc', 'is not of the form'],
    ['sidecar~10.1.0.1~web-1.sh/op~shop.svc', 'is not of the form'],
    [`sidecar~10.1.0.1~${'x'.repeat(300)}.shop~shop.svc`, 'is not of the form'],
    ['router~10.1.0.1~web-1.shop~shop.svc', 'node type "router" is not served'],
    ['sidecar~~web-1.shop~shop.svc', 'has no IP address'],
    ['sidecar~10.1.0.999~web-1.shop~shop.svc', 'has no IP address'],
  ])('with id %j is refused', (nodeId, why) => {
    const parsed = parse(nodeId);
    expect('problem' in parsed && parsed.problem).toContain(why);
  });

  it('that is missing, or disagrees with itself, is refused', () => {
    expect(parseProxy(undefined)).toEqual({ problem: 'the first request of a stream must carry the node' });
    const parsed = parse(id, { NAMESPACE: 'other' });
    expect('problem' in parsed && parsed.problem).toContain('its metadata NAMESPACE "other" disagree');
  });

  it('is never more than a line in what is said of it', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2000, size: 'max' }), fc.object(), (nodeId, metadata) => {
        const parsed = parse(nodeId, JSON.parse(JSON.stringify(metadata)) as JsonObject);
        if ('problem' in parsed) expect(parsed.problem).toMatch(/^.{1,1000}$/);
      }),
      { numRuns: 200 },
    );
  });
});
