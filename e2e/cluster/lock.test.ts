import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { underLock } from './lock.ts';

it.runIf(process.platform === 'linux')('lets one at a time in, and says that others wait', async () => {
  const name = randomUUID();
  const events: string[] = [];
  const { promise: begun, resolve: begin } = Promise.withResolvers<undefined>();
  const { promise: end, resolve: finish } = Promise.withResolvers<undefined>();
  const first = underLock(
    name,
    () => undefined,
    'first',
    async () => {
      events.push('first in');
      begin(undefined);
      await end;
      events.push('first out');
    },
  );
  await begun;
  const { promise: waits, resolve: waited } = Promise.withResolvers<string>();
  const second = underLock(name, waited, 'second', () => Promise.resolve(events.push('second in')));
  expect(await waits).toContain('second: waiting');
  finish(undefined);
  await Promise.all([first, second]);
  expect(events).toEqual(['first in', 'first out', 'second in']);
});

it('is free again after work that failed', async () => {
  const name = randomUUID();
  await expect(
    underLock(
      name,
      () => undefined,
      'x',
      () => Promise.reject(new Error('no luck')),
    ),
  ).rejects.toThrow('no luck');
  expect(
    await underLock(
      name,
      () => undefined,
      'x',
      () => Promise.resolve('in'),
    ),
  ).toBe('in');
});
