import { describe, expect, it } from 'vitest';
import type { Service as KubernetesService } from '../../lib/kube/types.ts';
import { serviceFromKubernetes } from './service.ts';

function service(spec: KubernetesService['spec'], annotations: Record<string, string> = {}) {
  const metadata = { name: 'web', namespace: 'shop', annotations, creationTimestamp: '2026-01-01T00:00:00Z' };
  return serviceFromKubernetes({ metadata, ...(spec === undefined ? {} : { spec }) }, 'cluster.local');
}

describe('a Kubernetes Service as the mesh sees it', () => {
  it('is named in the domain of the cluster and has its cluster addresses', () => {
    const read = service({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1'], ports: [{ port: 80 }] });
    expect(read).toMatchObject({
      hostname: 'web.shop.svc.cluster.local',
      kind: 'cluster-ip',
      addresses: ['10.0.0.1', 'fd00::1'],
      ports: [{ name: '', port: 80, targetPort: 80 }],
      createdAt: '2026-01-01T00:00:00Z',
    });
  });

  it.each([{ clusterIP: 'None' }, { clusterIP: 'None', clusterIPs: ['None'] }, { clusterIP: '' }, {}])(
    'is headless with %j',
    (spec) => {
      expect(service(spec)).toMatchObject({ kind: 'headless', addresses: [] });
    },
  );

  it('is an external name, with no address of its own', () => {
    const read = service({ type: 'ExternalName', externalName: 'example.com', clusterIP: '' });
    expect(read).toMatchObject({ kind: 'external-name', externalName: 'example.com', addresses: [] });
  });

  it('has its TCP ports only, and target ports by number or name', () => {
    const read = service({
      clusterIP: '10.0.0.1',
      ports: [
        { name: 'http', port: 80, targetPort: 'web' },
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'tcp', port: 9000, targetPort: 9001, protocol: 'TCP' },
      ],
    });
    expect(read.ports.map(({ port, targetPort }) => [port, targetPort])).toEqual([
      [80, 'web'],
      [9000, 9001],
    ]);
  });

  it('is seen where its annotation says, everywhere without one', () => {
    expect(service({}).exportTo).toEqual(['*']);
    expect(service({}, { 'networking.istio.io/exportTo': ' ., team-a ,' }).exportTo).toEqual(['.', 'team-a']);
    expect(service({}, { 'networking.istio.io/exportTo': '' }).exportTo).toEqual(['*']);
  });

  it('is read without a spec at all', () => {
    expect(service(undefined)).toMatchObject({ kind: 'headless', ports: [], selector: {} });
  });
});
