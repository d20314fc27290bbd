import { describe, expect, it } from 'vitest';
import { readSettings } from '../settings.ts';
import { bootstrap } from './bootstrap.ts';
import { sidecarNode } from './node.ts';

const settings = readSettings({
  POD_NAME: 'front-1',
  POD_NAMESPACE: 'shop',
  INSTANCE_IPS: '10.0.0.5',
  SERVICE_ACCOUNT: 'front',
  TRUST_DOMAIN: 'mesh.example',
  DISCOVERY_ADDRESS: 'istiod.meltemi-system.svc:15012',
  ISTIO_META_WORKLOAD_NAME: 'front',
  ISTIO_META_REVISION: 'r1',
  ISTIO_META_INTERCEPTION_MODE: 'REDIRECT',
});

describe('node', () => {
  it('says who the proxy is, in the terms of Istio', () => {
    expect(sidecarNode(settings, { app: 'web' })).toMatchObject({
      id: 'sidecar~10.0.0.5~front-1.shop~shop.svc.cluster.local',
      cluster: 'web.shop',
      metadata: {
        NAMESPACE: 'shop',
        SERVICE_ACCOUNT: 'front',
        WORKLOAD_NAME: 'front',
        INSTANCE_IPS: '10.0.0.5',
        LABELS: { app: 'web' },
        ISTIO_REVISION: 'r1',
        INTERCEPTION_MODE: 'REDIRECT',
      },
    });
    expect(sidecarNode(settings, {}).cluster).toBe('front.shop');
  });
});

describe('bootstrap', () => {
  it('asks istiod over mutual TLS and checks its name', () => {
    const text = JSON.stringify(bootstrap(settings, {}, '/socket'));
    expect(text).toContain('"address":"istiod.meltemi-system.svc","port_value":15012');
    expect(text).toContain('"san_type":"DNS","matcher":{"exact":"istiod.meltemi-system.svc"}');
    expect(text).toContain('"api_type":"DELTA_GRPC"');
  });

  it('does not hold a path to a key: secrets come from the agent', () => {
    const text = JSON.stringify(bootstrap(settings, {}, '/socket'));
    expect(text).not.toMatch(/private_key|filename/);
    expect(text).toContain('{"pipe":{"path":"/socket"}}');
  });
});
