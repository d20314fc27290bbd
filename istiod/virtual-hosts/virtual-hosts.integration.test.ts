import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../e2e/eventually.ts';
import type { Burst } from './bursts.testing.ts';
import { answersOf, burstOf, numbered, unknown, withoutEndpoints } from './bursts.testing.ts';
import { hostOf } from './mesh-objects.testing.ts';
import type { Sidecar } from './mesh-under-load.testing.ts';
import { disconnect, isConnected, MeshUnderLoad } from './mesh-under-load.testing.ts';
import { routeConfigurationNames, statistics } from './sidecar-envoy.testing.ts';
import { unknownHost } from './traffic.testing.ts';

const stable = numbered('stable', 4);
/** Services that make the mesh so large that one change is a small part of it. */
const others = numbered('other', 100);
const flipHost = hostOf('flip');

let mesh: MeshUnderLoad;
let sidecar: Sidecar;
/** Bytes that istiod sent until the sidecar had all of the mesh. */
let firstSync: number;

beforeAll(async () => {
  mesh = await MeshUnderLoad.start();
  await Promise.all([...stable, ...others, 'v1', 'v2', 'flip'].map((name) => mesh.objects.addService(name)));
  await flipTo('v1');
  await mesh.startIstiod();
  sidecar = await mesh.startSidecar('client-1', 'delta');
  await serving(sidecar);
  firstSync = sidecar.link.received;
  sidecar.traffic.start(8, stable.map(hostOf));
}, 90_000);

afterEach(() => expectNoFault(sidecar));

afterAll(() => mesh.stop());

function expectNoFault({ traffic, later }: Sidecar): void {
  expect([...traffic.takeFaults(), ...later.takeFaults()].slice(0, 10)).toEqual([]);
}

/** Waits until Envoy takes requests. From then on it has to know every host. */
async function serving({ traffic }: Sidecar): Promise<void> {
  await traffic.settle(new Map([['unknown.example', unknownHost]]));
  for (const [host, from] of answersOf([...stable, ...others, 'v1', 'v2'])) traffic.expect(host, from);
  traffic.expect(flipHost, 'v1');
  await traffic.askAll();
}

const burst = (name: string, count: number): Burst => burstOf(mesh.objects, name, count, stable);
const flipTo = (version: string): Promise<void> => mesh.objects.addRule('flip', flipHost, hostOf(version));

/** Waits until the sidecar has got all that istiod had to say: until it has followed one more change. */
async function followed({ traffic }: Sidecar, marker: string): Promise<void> {
  const host = `${marker}.marker.example`;
  await traffic.change(new Map([[host, 'v1']]), () => mesh.objects.addRule(`marker-${marker}`, host, hostOf('v1')));
}

/** Bytes that istiod sends while something is done, until the sidecar has got them all. */
async function bytesOf(marker: string, act: () => Promise<unknown>): Promise<number> {
  const before = sidecar.link.received;
  await act();
  await followed(sidecar, marker);
  return sidecar.link.received - before;
}

/** While the control plane is away, hosts are changed, added and removed, and others added and removed again. */
async function changeAlone(name: string, mend: () => Promise<void>): Promise<void> {
  const { traffic } = sidecar;
  const [goes, comes, both] = [burst(`${name}-goes`, 5), burst(`${name}-comes`, 5), burst(`${name}-both`, 2)];
  await Promise.all([goes.remove(), comes.add(), both.add(), flipTo('v2')]);
  await both.remove();
  for (const [host, from] of unknown(both.answers)) traffic.expect(host, from);
  await traffic.askAll();
  const next = new Map([...unknown(goes.answers), ...comes.answers, [flipHost, 'v2']]);
  traffic.begin(next);
  const bytes = await bytesOf(name, async () => {
    await mend();
    await traffic.settle(next);
  });
  const back = new Map([...unknown(comes.answers), [flipHost, 'v1']]);
  await traffic.change(back, () => Promise.all([comes.remove(), flipTo('v1')]));
  expect(bytes).toBeLessThan(firstSync * 0.2);
}

describe('virtual hosts of a real Envoy, under load', () => {
  it('come one by one, not as a part of their route configuration', async () => {
    const reloads = await statistics(sidecar.envoy, /\.rds\.vhds\.80\.config_reload$/);
    expect(reloads.size).toBe(1);
  });

  it('change: from when the new answer is first seen, the old one never comes again', async () => {
    for (let round = 0; round < 50; round++) {
      const version = round % 2 === 0 ? 'v2' : 'v1';
      await sidecar.traffic.change(new Map([[flipHost, version]]), () => flipTo(version));
    }
  });

  it('come and go and come again, and are never answered by a backend of another', async () => {
    for (const { answers, add, remove } of [burst('lone', 1), burst('many', 25)]) {
      for (let round = 0; round < 2; round++) {
        await sidecar.traffic.change(answers, add, withoutEndpoints);
        await sidecar.traffic.change(unknown(answers), remove);
      }
    }
  });

  it('come while others change and go', async () => {
    const { traffic } = sidecar;
    const [old, young] = [burst('old', 5), burst('young', 5)];
    await traffic.change(old.answers, old.add, withoutEndpoints);
    const next = new Map([...unknown(old.answers), ...young.answers, [flipHost, 'v2']]);
    await traffic.change(
      next,
      () => Promise.all([old.remove(), young.add(), flipTo('v2')]),
      (host) => (host.startsWith('young') ? withoutEndpoints(host) : []),
    );
    const last = new Map([...unknown(young.answers), [flipHost, 'v1']]);
    await traffic.change(last, () => Promise.all([young.remove(), flipTo('v1')]));
  });
});

describe('virtual hosts of a real Envoy that loses its control plane, under load', () => {
  it('are not sent again when it comes back and nothing has changed', async () => {
    const marker = await bytesOf('connected', () => Promise.resolve());
    const bytes = await bytesOf('reconnected', async () => {
      await disconnect(sidecar);
      await sidecar.traffic.askAll();
      await sidecar.link.mend();
    });
    expect(bytes - marker).toBeLessThan(firstSync * 0.02);
  });

  it('are not sent again by another replica, which knows the same mesh', async () => {
    const marker = await bytesOf('one-replica', () => Promise.resolve());
    const bytes = await bytesOf('another-replica', async () => {
      await disconnect(sidecar);
      await mesh.stopIstiod();
      const { ports } = await mesh.startIstiod();
      await sidecar.link.mend(ports.plaintext);
    });
    expect(bytes - marker).toBeLessThan(firstSync * 0.02);
  });

  it('are right after a reconnect, whatever came, went and changed meanwhile', async () => {
    const goes = burst('reconnect-goes', 5);
    await sidecar.traffic.change(goes.answers, goes.add, withoutEndpoints);
    await disconnect(sidecar);
    await changeAlone('reconnect', () => sidecar.link.mend());
  });

  it('are right after a restart of istiod, whatever came, went and changed meanwhile', async () => {
    const goes = burst('restart-goes', 5);
    await sidecar.traffic.change(goes.answers, goes.add, withoutEndpoints);
    await mesh.stopIstiod();
    await disconnect(sidecar);
    await changeAlone('restart', async () => {
      const { ports } = await mesh.startIstiod();
      await sidecar.link.mend(ports.plaintext);
    });
  });
});

/** The answer of Envoy where no listener is for the port. */
const noListener = '421';

describe('a route configuration that comes to a real Envoy later', () => {
  const services = numbered('later', 3);
  const [first, ...more] = services.map((service) => answersOf([service]));
  const add = (names: readonly string[]): Promise<unknown> =>
    Promise.all(names.map((name) => mesh.objects.addService(name, 9090)));

  beforeAll(() => {
    for (const service of services) sidecar.later.expect(hostOf(service), noListener);
    sidecar.later.start(1, services.map(hostOf));
  });

  /** Adds the first service of the port, then others to what is there. */
  async function comes(
    act: (adding: () => Promise<unknown>) => Promise<unknown>,
    between: readonly string[] = [],
  ): Promise<void> {
    const { later } = sidecar;
    const rest = new Map(more.flatMap((answers) => [...answers]));
    later.begin(unknown(rest), () => [noListener]);
    await later.change(
      first ?? new Map(),
      () => act(() => add(services.slice(0, 1))),
      (host) => [...withoutEndpoints(host), ...between],
    );
    await later.settle(unknown(rest));
    await later.change(rest, () => add(services.slice(1)), withoutEndpoints);
  }

  /** Removes the first service of the port, then all. */
  async function goes(act: (removing: () => Promise<unknown>) => Promise<unknown> = (it) => it()): Promise<void> {
    const { later } = sidecar;
    const remove = (names: readonly string[]): Promise<unknown> =>
      Promise.all(names.map((name) => mesh.objects.removeService(name)));
    await later.change(unknown(first ?? new Map()), () => remove(services.slice(0, 1)));
    const none = new Map(services.map((service) => [hostOf(service), noListener]));
    await later.change(
      none,
      () => act(() => remove(services.slice(1))),
      () => [unknownHost],
    );
  }

  /** Envoy asks no longer for the configuration, once the listener's last connections are gone. */
  async function forgotten(): Promise<void> {
    const gone = async (): Promise<true | undefined> =>
      (await routeConfigurationNames(sidecar.envoy)).includes('9090') ? undefined : true;
    await eventually('Envoy to forget the route configuration 9090', gone, { everyMs: 50 });
  }

  it('gets its virtual hosts, also when it comes again before Envoy has forgotten it', async () => {
    for (let round = 0; round < 3; round++) {
      // The listener comes first, and until its routes follow it has those that Envoy still knows from the time before.
      await comes((adding) => adding(), [unknownHost]);
      await goes();
    }
  });

  it('gets its virtual hosts when it comes again after Envoy has forgotten it', async () => {
    await forgotten();
    await comes((adding) => adding());
    await goes();
    await forgotten();
  });

  it('gets its virtual hosts when it comes and goes while the control plane is away', async () => {
    const whileAway = async (act: () => Promise<unknown>): Promise<void> => {
      await disconnect(sidecar);
      await act();
      await sidecar.link.mend();
    };
    await comes(whileAway);
    await whileAway(() => sidecar.later.askAll());
    await followed(sidecar, 'away-and-back');
    await goes(whileAway);
    await forgotten();
    await whileAway(() => Promise.resolve());
    await comes((adding) => adding());
  });
});

describe('a sidecar that speaks state of the world', () => {
  it('follows the same changes with whole route configurations', async () => {
    const old = await mesh.startSidecar('client-2', 'sotw');
    await serving(old);
    old.traffic.start(2, stable.map(hostOf));
    for (const version of ['v2', 'v1', 'v2', 'v1']) {
      sidecar.traffic.begin(new Map([[flipHost, version]]));
      await old.traffic.change(new Map([[flipHost, version]]), () => flipTo(version));
      await sidecar.traffic.settle(new Map([[flipHost, version]]));
    }
    const { answers, add, remove } = burst('sotw', 10);
    await old.traffic.change(answers, add, withoutEndpoints);
    await disconnect(old);
    await remove();
    await old.traffic.askAll();
    // Such a client doesn't say which clusters it holds, so that those that are gone can't be left to it for a while.
    old.traffic.begin(unknown(answers), withoutEndpoints);
    await old.link.mend();
    await old.traffic.settle(unknown(answers));
    expectNoFault(old);
    await expectNoRejection(old);
    expect((await statistics(old.envoy, /\.vhds\./)).size).toBe(0);
  });
});

describe('the sidecar, after all that', () => {
  it('has answered every request, rejected nothing and is connected', async () => {
    expect(sidecar.traffic.count).toBeGreaterThan(1000);
    await expectNoRejection(sidecar);
    expect(await isConnected(sidecar.envoy)).toBe(true);
  });
});

async function expectNoRejection({ envoy }: Sidecar): Promise<void> {
  const rejections = await statistics(envoy, /(update_rejected|listener_create_failure)$/);
  expect(rejections.size).toBeGreaterThan(2);
  expect([...rejections].filter(([, count]) => count > 0)).toEqual([]);
}
