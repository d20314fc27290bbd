import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.ts';

const least = {
  POD_NAME: 'front-1',
  POD_NAMESPACE: 'shop',
  INSTANCE_IPS: '10.0.0.5,fd00::5',
  SERVICE_ACCOUNT: 'front',
  DISCOVERY_ADDRESS: 'istiod.meltemi-system.svc:15012',
};

describe('settings', () => {
  it('have defaults for all but who the pod is and where istiod is', () => {
    expect(readSettings(least)).toMatchObject({
      podIps: ['10.0.0.5', 'fd00::5'],
      identity: { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'front' },
      workloadName: 'front-1',
      keyType: 'ECDSA-P256',
      certificateLifetimeSeconds: 86_400,
      concurrency: 2,
      shutdown: { native: false, drainSeconds: 5, untilIdle: false, minimumDrainSeconds: 5 },
    });
  });

  it('tell all that is wrong at once, by the names of the variables', () => {
    const wrong = {
      ...least,
      POD_NAME: '',
      DISCOVERY_ADDRESS: 'istiod',
      WORKLOAD_KEY_TYPE: 'DSA',
      PROXY_CONCURRENCY: '-1',
    };
    expect(() => readSettings(wrong)).toThrow(
      /POD_NAME is not set; DISCOVERY_ADDRESS: "istiod" is not host:port.*WORKLOAD_KEY_TYPE: "DSA".*PROXY_CONCURRENCY: "-1"/,
    );
  });

  it('take the number of worker threads from the CPU limit where none is given', () => {
    expect(readSettings({ ...least, ISTIO_CPU_LIMIT: '4' }).concurrency).toBe(4);
    expect(readSettings({ ...least, ISTIO_CPU_LIMIT: '4', PROXY_CONCURRENCY: '1' }).concurrency).toBe(1);
  });

  it('pass ISTIO_META_ variables on', () => {
    expect(readSettings({ ...least, ISTIO_META_NETWORK: 'net1', ISTIO_META_EMPTY: '' }).extraMetadata).toEqual({
      NETWORK: 'net1',
    });
  });

  it('read probes and refuse those that can not be run', () => {
    const probes = { '/app-health/app/livez': { httpGet: { path: '/', port: 8080 }, timeoutSeconds: 2 } };
    expect(
      readSettings({ ...least, ISTIO_KUBE_APP_PROBERS: JSON.stringify(probes) }).probes.get('/app-health/app/livez'),
    ).toEqual(probes['/app-health/app/livez']);
    const named = { '/app-health/app/readyz': { tcpSocket: { port: 'http' } } };
    expect(() => readSettings({ ...least, ISTIO_KUBE_APP_PROBERS: JSON.stringify(named) })).toThrow(
      'ISTIO_KUBE_APP_PROBERS: /app-health/app/readyz is not a probe',
    );
  });

  it('read where the application has its metrics', () => {
    const metrics = (text: string) => readSettings({ ...least, ISTIO_PROMETHEUS_ANNOTATIONS: text }).appMetrics;
    expect(metrics('{"scrape":"true","path":"","port":"8080"}')).toEqual({ path: '/metrics', port: 8080 });
    expect(metrics('{"scrape":"false","path":"/m","port":"8080"}')).toBeUndefined();
    expect(metrics('{"scrape":"true","port":"15020"}')).toBeUndefined();
    expect(() => metrics('{"scrape":"true","port":"http"}')).toThrow(/port "http" is not a port/);
  });
});
