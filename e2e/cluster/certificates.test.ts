import { describe, expect, it } from 'vitest';
import { alternativeNamesOf, subjectOf } from './certificates.ts';

describe('a certificate request', () => {
  it('has its group before its name', () => {
    expect(subjectOf({ name: 'admin', commonName: 'admin', organization: 'system:masters' })).toBe(
      '/O=system:masters/CN=admin',
    );
    expect(subjectOf({ name: 's', commonName: 'system:kube-scheduler' })).toBe('/CN=system:kube-scheduler');
  });

  it('names hosts and addresses, if there are any', () => {
    expect(alternativeNamesOf({ name: 'a', commonName: 'a', dnsNames: ['x.y'], ips: ['10.0.0.1'] })).toBe(
      'DNS:x.y,IP:10.0.0.1',
    );
    expect(alternativeNamesOf({ name: 'a', commonName: 'a' })).toBeUndefined();
  });
});
