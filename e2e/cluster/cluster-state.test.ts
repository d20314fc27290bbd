import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planOf } from './address-plan.ts';
import { listStates, parseState, readState, renderState, writeState, type ClusterState } from './cluster-state.ts';

const state: ClusterState = {
  name: 'one',
  plan: planOf(207),
  features: { featureGates: { PodCertificateRequest: true }, apis: ['certificates.k8s.io/v1beta1'] },
  node: { launcher: { pid: 10, startTime: 100 }, first: { pid: 11, startTime: 101 } },
  components: { etcd: { pid: 12, startTime: 102 } },
  images: { 'meltemi/proxy:0.1.0': 'abc' },
  readySince: '2026-01-02T03:04:05.000Z',
};

describe('parseState', () => {
  it('reads what renderState wrote', () => {
    expect(parseState(renderState(state))).toEqual(state);
  });

  it('leaves out what it can’t use, so that nothing is taken for a process that isn’t one', () => {
    const text = JSON.stringify({
      name: 'one',
      block: 207,
      node: { launcher: {} },
      components: { etcd: { pid: '12' } },
    });
    expect(parseState(text)).toEqual({
      name: 'one',
      plan: planOf(207),
      features: { featureGates: {}, apis: [] },
      components: {},
      images: {},
    });
  });

  it.each(['', '[]', '{}', '{"name":"one"}'])('refuses %j', (text) => {
    expect(() => parseState(text)).toThrow();
  });
});

describe('the file', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'state-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is nothing when it isn’t there, and names itself when it is broken', async () => {
    const file = join(folder, 'state.json');
    expect(await readState(file)).toBeUndefined();
    await writeFile(file, 'broken');
    await expect(readState(file)).rejects.toThrow(file);
    await writeState(file, state);
    expect(await readState(file)).toEqual(state);
  });

  it('is found for every cluster, and folders without a good one are passed over', async () => {
    for (const name of ['good', 'bad', 'empty']) await mkdir(join(folder, 'clusters', name), { recursive: true });
    await writeState(join(folder, 'clusters/good/state.json'), state);
    await writeFile(join(folder, 'clusters/bad/state.json'), '{');
    expect(await listStates(join(folder, 'clusters'))).toEqual([state]);
    expect(await listStates(join(folder, 'nowhere'))).toEqual([]);
  });
});
