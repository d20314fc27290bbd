import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ResourceType } from '../envoy/type-urls.ts';
import { sendOrder } from '../envoy/type-urls.ts';
import type { Step } from './connection-steps.testing.ts';
import { Mesh, clusters, hosts, namesOf, stepsOf } from './connection-steps.testing.ts';
import type { Manner } from './delta-client.testing.ts';
import { DeltaClient, routeOf } from './delta-client.testing.ts';
import { SotwClient, sotwTypes } from './sotw-client.testing.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterEach(() => void vi.useRealTimers());

function take(client: DeltaClient | SotwClient, mesh: Mesh, step: Step): void {
  if (step.do === 'change') {
    for (const change of step.changes) mesh.change(change);
    mesh.publish();
    if (step.isTold) client.do((connection) => connection.flush());
  } else if (step.do === 'answer') answer(client, step.type);
  else if (step.do === 'leave routes') leaveRoutes(client);
  else if (step.do === 'reconnect') client.reconnect();
  else if (step.do === 'fill') client.fill();
  else if (step.do === 'drain') client.drain();
  else if (step.do === 'settle') settle(client);
  else client.do(() => vi.advanceTimersByTime(7_000));
}

function answer(client: DeltaClient | SotwClient, type: ResourceType): void {
  if (client instanceof DeltaClient) client.answer(type);
  else if (type !== 'virtualHost') client.answer(type);
}

function leaveRoutes(client: DeltaClient | SotwClient): void {
  if (client instanceof DeltaClient) client.leaveRoutes();
}

/** Answers everything that is there to be answered. */
function settle(client: DeltaClient | SotwClient): void {
  client.drain();
  client.do((connection) => connection.flush());
  for (let round = 0; client.hasAnswers && round < 500; round++) for (const type of sendOrder) answer(client, type);
  expect(client.hasAnswers, 'there is no end of responses, or a cluster waits for endpoints').toBe(false);
}

/** Where a client that has answered everything differs from what it should have. */
function differences(client: DeltaClient, mesh: Mesh): readonly string[] {
  const wrong: string[] = [];
  for (const type of sendOrder) {
    for (const name of namesOf[type]) {
      const has = client.resources[type].get(name)?.content;
      const is = mesh.contentOf(type, name);
      // The client keeps what was good, or has nothing.
      const isFine = is === 'bad' ? has !== 'bad' : !isWanted(client, mesh, type, name) || (has ?? '') === (is ?? '');
      if (!isFine) wrong.push(`${type} ${name} is ${String(is)}, but the client has ${String(has)}`);
    }
  }
  return wrong;
}

function isWanted(client: DeltaClient, mesh: Mesh, type: ResourceType, name: string): boolean {
  // Endpoints stay until their cluster goes, though they are gone before.
  if (type === 'endpoint') return client.resources.cluster.has(name) && mesh.contentOf(type, name) !== undefined;
  // A route configuration in use stays in use when it is gone.
  if (type === 'route') return client.resources.listener.has(name) && mesh.contentOf('route', name) !== undefined;
  if (type === 'virtualHost') {
    const route = routeOf(name);
    // Nobody can know what such a client has of a configuration of which the newest form is bad.
    const isKnown = !client.manner.appliesGoodPart || mesh.contentOf('route', route) !== 'bad';
    return client.resources.route.has(route) && !client.orphans.has(route) && isKnown;
  }
  return true;
}

/** Configurations whose hosts a client waits for in vain: there is something to be told of them that is not bad. */
function waitsInVain(client: DeltaClient, mesh: Mesh): readonly string[] {
  return [...client.waiting.routes].filter((route) => {
    const its = hosts.filter((host) => routeOf(host) === route).map((host) => mesh.contentOf('virtualHost', host));
    return mesh.contentOf('route', route) !== undefined && !its.includes('bad');
  });
}

it('has a client at exactly what is visible in the end, but for what it rejects', () => {
  const manner = fc.record<Manner>({ appliesGoodPart: fc.boolean(), namesBadPart: fc.boolean() });
  const steps = stepsOf(['a', 'b', 'own.c', 'bad'], ['leave routes', 'reconnect', 'fill', 'drain', 'settle', 'wait']);
  fc.assert(
    fc.property(steps, manner, (steps, manner) => {
      const mesh = new Mesh();
      const client = new DeltaClient(
        mesh.visible,
        manner,
        () => undefined,
        () => undefined,
      );
      client.start();
      for (const step of steps) take(client, mesh, step);
      settle(client);
      client.leaveRoutes();
      settle(client);
      expect(differences(client, mesh)).toEqual([]);
      expect(waitsInVain(client, mesh)).toEqual([]);
      client.connection.close();
    }),
    { numRuns: 500 },
  );
});

it('never has a client use a cluster that it has not got, or has lost', () => {
  const steps = stepsOf(['a', 'b', 'own.c'], ['leave routes', 'reconnect', 'fill', 'drain', 'settle']);
  fc.assert(
    fc.property(steps, (steps) => {
      const mesh = new Mesh();
      const client: DeltaClient = new DeltaClient(
        mesh.visible,
        { appliesGoodPart: false, namesBadPart: false },
        () => expect(unresolved(client)).toEqual([]),
        ({ connection }, { type }, isFirst) => {
          if (isFirst || type === 'cluster' || type === 'endpoint') return;
          expect(connection.subscriptions.get('cluster')?.settled, `${type} overtakes clusters`).toBe(true);
        },
      );
      client.start();
      for (const step of steps) take(client, mesh, step);
      settle(client);
      expect(differences(client, mesh)).toEqual([]);
      client.connection.close();
    }),
    { numRuns: 500 },
  );
});

/** What uses a cluster that the client does not have. */
function unresolved(client: DeltaClient): readonly string[] {
  return (['listener', 'route', 'virtualHost'] as const).flatMap((type) =>
    [...client.resources[type].values()]
      .filter(({ name, content }) => {
        const isOrphan = client.orphans.has(type === 'virtualHost' ? routeOf(name) : name) && type !== 'listener';
        return clusters.includes(content) && !client.resources.cluster.has(content) && !isOrphan;
      })
      .map(({ name, content }) => `${type} ${name} uses ${content}`),
  );
}

it('has a client of the whole state at exactly what is visible in the end', () => {
  const steps = stepsOf(['a', 'b', 'own.c'], ['reconnect', 'fill', 'drain', 'settle']);
  fc.assert(
    fc.property(steps, (steps) => {
      const mesh = new Mesh();
      const client = new SotwClient(mesh.visible, () => undefined);
      for (const step of steps) take(client, mesh, step);
      settle(client);
      for (const type of sotwTypes) {
        for (const name of namesOf[type]) {
          const is = mesh.contentOf(type, name);
          const isWanted = type === 'cluster' || type === 'listener' || is !== undefined;
          const user = type === 'endpoint' ? 'cluster' : 'listener';
          if (!isWanted || (type !== user && type !== 'cluster' && !client.resources[user].has(name))) continue;
          expect(client.resources[type].get(name)?.content, `${type} ${name}`).toBe(is);
        }
      }
      client.connection.close();
    }),
    { numRuns: 300 },
  );
});
