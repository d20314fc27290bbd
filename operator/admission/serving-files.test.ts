import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeServingFiles, renewalReason } from './serving-files.ts';

const names = ['hook.meltemi-system.svc', 'hook.meltemi-system.svc.cluster.local'];
const start = new Date('2026-01-01T00:00:00Z');
const later = (days: number): Date => new Date(start.getTime() + days * 24 * 3600 * 1000);
const countOf = (pem: string): number => pem.match(/BEGIN CERTIFICATE/g)?.length ?? 0;

describe('serving files', () => {
  it('hold a certificate for each name by an authority of its own, whose key is nowhere', async () => {
    const files = await makeServingFiles(names, undefined, start);
    const certificate = new X509Certificate(files.cert);
    for (const name of names) expect(certificate.checkHost(name)).toBe(name);
    const authority = new X509Certificate(files.authorities);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(authority.checkPrivateKey((await import('node:crypto')).createPrivateKey(files.key))).toBe(false);
    expect(renewalReason(files, names, start)).toBeUndefined();
  });

  it('are renewed at two thirds of their life, or when a name is new', async () => {
    const files = await makeServingFiles(names, undefined, start);
    expect(renewalReason(files, names, later(59))).toBeUndefined();
    expect(renewalReason(files, names, later(61))).toMatch(/^ends at 2026-04-01/);
    expect(renewalReason(files, ['other.meltemi-system.svc'], start)).toBe('is not for other.meltemi-system.svc');
  });

  it('keep the former authority, and only that one, as long as it is valid', async () => {
    const first = await makeServingFiles(names, undefined, start);
    const second = await makeServingFiles(names, first, later(61));
    expect(second.authorities).toContain(first.authorities.trim());
    expect(renewalReason(second, names, later(61))).toBeUndefined();
    const third = await makeServingFiles(names, second, later(122));
    expect(countOf(third.authorities)).toBe(2);
    expect(third.authorities).not.toContain(first.authorities.trim());
    expect(countOf((await makeServingFiles(names, third, later(400))).authorities)).toBe(1);
  });

  it('are renewed when they are of no use, whatever is wrong with them', async () => {
    const files = await makeServingFiles(names, undefined, start);
    const other = await makeServingFiles(names, undefined, start);
    expect(renewalReason({ ...files, key: other.key }, names, start)).toBe('does not fit its key');
    expect(renewalReason({ ...files, authorities: other.authorities }, names, start)).toBe('is not by its authority');
    expect(renewalReason({ ...files, cert: 'rubbish' }, names, start)).toBe('or its key cannot be read');
  });
});
