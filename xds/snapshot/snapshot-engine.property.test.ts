import fc from 'fast-check';
import { expect, it } from 'vitest';
import { recordingLogger } from '../../lib/logger.ts';
import { sendOrder } from '../envoy/type-urls.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { Workload } from '../model/workload.ts';
import type { MeshChangeStep } from '../registry/mesh-change-step.testing.ts';
import type { RandomMeshChange } from '../registry/mesh-changes.testing.ts';
import { happen, meshChange } from '../registry/mesh-changes.testing.ts';
import { MeshStore } from '../registry/mesh-store.ts';
import type { OpenSnapshot, RouteForm } from './snapshot-engine.ts';
import { SnapshotEngine } from './snapshot-engine.ts';

type Step =
  | { readonly do: 'change'; readonly change: RandomMeshChange }
  | { readonly do: 'refresh' }
  | { readonly do: 'open'; readonly proxy: Workload; readonly form: RouteForm }
  | { readonly do: 'close'; readonly which: number };

const proxy = fc
  .record({
    namespace: fc.constantFrom('a', 'b'),
    address: fc.constantFrom('10.1.0.1', '10.1.0.2', 'fd00::1', '10.1.0.99'),
    app: fc.constantFrom('x', 'y'),
  })
  .map(({ namespace, address, app }): Workload => ({
    name: 'client',
    pod: 'client-1',
    namespace,
    serviceAccount: 'default',
    addresses: [address],
    labels: { app },
    containerPorts: [],
  }));

const step = fc.oneof(
  { weight: 10, arbitrary: meshChange.map((change): Step => ({ do: 'change', change })) },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'refresh' }) },
  {
    weight: 2,
    arbitrary: fc
      .record({ proxy, form: fc.constantFrom<RouteForm>('discovering', 'whole') })
      .map((opened): Step => ({ do: 'open', ...opened })),
  },
  { weight: 1, arbitrary: fc.nat(5).map((which): Step => ({ do: 'close', which })) },
);

interface Client {
  readonly proxy: Workload;
  readonly form: RouteForm;
  readonly snapshot: OpenSnapshot;
  notified: boolean;
}

/** Every byte that the proxy would be sent by either protocol. */
function bytesOf(snapshot: OpenSnapshot): object {
  return Object.fromEntries(
    sendOrder.map((type) => {
      const { shared, own } = snapshot.visible(type);
      const all = [...shared.values(), ...own.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      const text = all.map(({ name, version, sotwBytes, deltaBytes }) => [
        name,
        version,
        sotwBytes.toString('base64'),
        deltaBytes.toString('base64'),
      ]);
      return [type, { versions: [shared.version, own.version], text }];
    }),
  );
}

/** What a refresh does: after it, all were told whose bytes are others than before. */
function refreshAndCheck(engine: SnapshotEngine, clients: readonly Client[]): void {
  const before = clients.map(({ snapshot }) => JSON.stringify(bytesOf(snapshot)));
  for (const client of clients) client.notified = false;
  engine.refresh();
  for (const [position, { snapshot, notified }] of clients.entries()) {
    if (!notified) expect(JSON.stringify(bytesOf(snapshot))).toBe(before[position]);
  }
}

it('comes, change by change, to byte for byte what a fresh engine makes of the final mesh', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const logger = recordingLogger();
      const store = new MeshStore(defaultMeshSettings);
      const engine = new SnapshotEngine(store, logger);
      const present = new Map<string, MeshChangeStep>();
      const clients: Client[] = [];
      const open = (opened: Workload, form: RouteForm): void => {
        const client: Client = {
          proxy: opened,
          form,
          snapshot: engine.open(opened, () => (client.notified = true), form),
          notified: false,
        };
        clients.push(client);
      };
      open({ ...defaultProxy, namespace: 'a' }, 'discovering');
      for (const it of steps) {
        if (it.do === 'change') happen(store, present, it.change);
        else if (it.do === 'refresh') refreshAndCheck(engine, clients);
        else if (it.do === 'open') open(it.proxy, it.form);
        else for (const { snapshot } of clients.splice(it.which, 1)) snapshot.close();
      }
      refreshAndCheck(engine, clients);

      const freshStore = new MeshStore(defaultMeshSettings);
      for (const it of [...present.values()].reverse()) it.put(freshStore);
      const fresh = new SnapshotEngine(freshStore, logger);
      const freshClients = clients.map((client) => fresh.open(client.proxy, () => undefined, client.form));
      for (const [position, { snapshot }] of clients.entries()) {
        const expected = freshClients[position];
        if (expected !== undefined) expect(bytesOf(snapshot)).toEqual(bytesOf(expected));
      }
      const problems = (of: SnapshotEngine): string[] => of.problems.map((problem) => JSON.stringify(problem)).sort();
      expect(problems(engine)).toEqual(problems(fresh));
      expect(logger.entries.filter(({ level }) => level === 'error')).toEqual([]);
    }),
    { numRuns: 300 },
  );
}, 60_000);

const defaultProxy: Workload = {
  name: 'client',
  pod: 'client-1',
  namespace: 'a',
  serviceAccount: 'default',
  addresses: ['10.1.0.1'],
  labels: { app: 'x' },
  containerPorts: [],
};
