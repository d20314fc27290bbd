import { describe, expect, it, vi } from 'vitest';
import { meshControlPlanes } from '../../crds/kinds.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { Condition, KubeObject } from '../../lib/kube/object.ts';
import { nodes } from '../../lib/kube/resources.ts';
import { recordingLogger } from '../../lib/logger.ts';
import { fakeApi } from '../fake-api.testing.ts';
import { testControlPlane, testStores } from '../fixtures.testing.ts';
import { neededApis } from './checks.ts';
import { Preflights } from './preflights.ts';
import { versionsIn } from './proxy-versions.ts';

function setup(minor = '31') {
  const api = fakeApi();
  const stores = testStores();
  const asked: string[] = [];
  const client: KubeClient = {
    ...api,
    raw: (path) => {
      asked.push(path);
      const groups = neededApis.map((groupVersion) => ({ versions: [{ groupVersion }] }));
      return Promise.resolve(JSON.stringify(path === '/version' ? { major: '1', minor } : { groups }));
    },
    create: <T extends KubeObject>() =>
      Promise.resolve({ metadata: { name: '' }, status: { allowed: true } } as unknown as T),
  };
  const allocatable = { cpu: '64', memory: '256Gi', pods: '110' };
  const conditions = [{ type: 'Ready', status: 'True' }];
  api.seed(nodes, { metadata: { name: 'n' }, ...{ status: { allocatable, conditions } } });
  const noted: string[] = [];
  let time = 0;
  const preflights = new Preflights({
    client,
    writer: api,
    stores,
    events: { event: (_about, _type, reason) => void noted.push(reason), flush: () => Promise.resolve() },
    version: '0.1.0',
    now: () => new Date(time),
    logger: recordingLogger(),
    fetchPage: () => Promise.resolve(undefined),
  });
  return { api, stores, preflights, asked, noted, pass: (ms: number) => void (time += ms) };
}

function written(api: ReturnType<typeof fakeApi>): Condition | undefined {
  const [object] = api.objects(meshControlPlanes) as readonly { readonly status?: { conditions: Condition[] } }[];
  return object?.status?.conditions[0];
}

/** Lets it run as long as `until` fails. */
async function running(preflights: Preflights, until: () => void): Promise<void> {
  const stopping = new AbortController();
  const ended = preflights.run(stopping.signal);
  try {
    await vi.waitFor(until, { timeout: 5_000, interval: 10 });
  } finally {
    stopping.abort();
    await ended;
  }
}

describe('Preflights', () => {
  it('says whether an upgrade may begin, and holds one until that is known', async () => {
    const { api, stores, preflights } = setup();
    stores.controlPlanes.put(testControlPlane('default'));
    expect(preflights.objections('default')).toEqual(['the preflight checks are still being made']);
    await running(preflights, () => expect(written(api)?.type).toBe('Upgradeable'));
    expect(written(api)).toMatchObject({ status: 'True', reason: 'PreflightPassed', observedGeneration: 1 });
    expect(preflights.objections('default')).toEqual([]);
  });

  it('names what is in the way, with an Event', async () => {
    const { api, stores, preflights, noted } = setup('20');
    stores.controlPlanes.put(testControlPlane('default'));
    await running(preflights, () => expect(noted).toEqual(['PreflightFailed']));
    expect(written(api)).toMatchObject({ status: 'False', reason: 'PreflightFailed' });
    expect(preflights.objections('default')[0]).toMatch(/needs Kubernetes 1\.30/);
  });

  it('looks again when the spec changes, and writes nothing that is no news', async () => {
    const { api, stores, preflights, asked, pass } = setup();
    stores.controlPlanes.put(testControlPlane('default'));
    await running(preflights, () => expect(written(api)).toBeDefined());
    const condition = written(api);
    if (condition === undefined) throw new Error('nothing was written');
    stores.controlPlanes.put({ ...testControlPlane('default'), status: { conditions: [condition] } });
    const looks = asked.length;
    pass(6 * 60_000);
    await running(preflights, () => expect(asked.length).toBeGreaterThan(looks));
    expect(api.writes).toHaveLength(1);
    stores.controlPlanes.put(testControlPlane('default', {}, { generation: 2 }));
    expect(preflights.objections('default')).toEqual(['the preflight checks are still being made']);
    await running(preflights, () => expect(written(api)?.observedGeneration).toBe(2));
  });
});

describe('versionsIn', () => {
  it('adds up what several istiods count', () => {
    const page = '# TYPE pilot_xds gauge\npilot_xds{version="0.1.0"} 2\npilot_xds{version="0.2.0"} 0\n';
    expect(versionsIn([page, 'pilot_xds{version="0.1.0"} 1\n'])).toEqual([{ name: '3 proxies', version: '0.1.0' }]);
  });
});
