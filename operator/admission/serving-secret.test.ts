import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../lib/kube/object.ts';
import type { Secret } from '../../lib/kube/types.ts';
import { recordingLogger } from '../../lib/logger.ts';
import { apiError } from '../fake-api.testing.ts';
import { makeServingFiles } from './serving-files.ts';
import type { ServingSecretContext } from './serving-secret.ts';
import { ensureServingFiles, readServingSecret } from './serving-secret.ts';

const dnsNames = ['hook.meltemi-system.svc'];
const start = new Date('2026-01-01T00:00:00Z');

/** A Secret behind an API server that refuses what is based on another version. */
function cluster() {
  let stored: Secret | undefined;
  let version = 0;
  const put = (object: KubeObject): Secret => {
    version++;
    stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    return stored;
  };
  const client = {
    get: () => Promise.resolve(stored),
    create: (_resource: unknown, object: KubeObject) =>
      stored === undefined
        ? Promise.resolve(put(object))
        : Promise.reject(apiError(409, 'AlreadyExists', 'already exists')),
    replace: (_resource: unknown, object: KubeObject) =>
      object.metadata.resourceVersion === stored?.metadata.resourceVersion
        ? Promise.resolve(put(object))
        : Promise.reject(apiError(409, 'Conflict', 'was modified')),
  } as unknown as ServingSecretContext['client'];
  const at = (now: Date): ServingSecretContext => ({
    ...{ client, namespace: 'meltemi-system', dnsNames, owner: undefined },
    ...{ now: () => now, logger: recordingLogger() },
  });
  return { at, secret: () => stored, writes: () => version };
}

describe('ensureServingFiles', () => {
  it('has replicas that begin at once serve by the same certificate', async () => {
    const { at, secret, writes } = cluster();
    const all = await Promise.all([1, 2, 3].map(() => ensureServingFiles(at(start))));
    expect(new Set(all.map(({ cert }) => cert)).size).toBe(1);
    expect(writes()).toBe(1);
    const stored = secret();
    expect(stored && readServingSecret(stored)).toEqual(all[0]);
  });

  it('writes nothing as long as the certificate is good', async () => {
    const { at, writes } = cluster();
    await ensureServingFiles(at(start));
    await ensureServingFiles(at(new Date('2026-02-01T00:00:00Z')));
    expect(writes()).toBe(1);
  });

  it('renews it in time, once, and goes on trusting the former authority', async () => {
    const { at } = cluster();
    const first = await ensureServingFiles(at(start));
    const due = new Date('2026-03-15T00:00:00Z');
    const all = await Promise.all([1, 2].map(() => ensureServingFiles(at(due))));
    expect(new Set(all.map(({ cert }) => cert)).size).toBe(1);
    expect(all[0]?.cert).not.toBe(first.cert);
    expect(all[0]?.authorities).toContain(first.authorities.trim());
  });

  it('makes anew what somebody has emptied', async () => {
    expect(readServingSecret({ metadata: { name: 'x' }, data: { 'tls.crt': 'eA==' } })).toBeUndefined();
    const files = await makeServingFiles(dnsNames, undefined, start);
    expect(files.authorities).toContain('BEGIN CERTIFICATE');
  });
});
