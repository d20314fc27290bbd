import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { recordingLogger } from '../logger.ts';
import { createEventRecorder } from './events.ts';
import { hang, json, startFakeApiServer, statusAnswer } from './fake-api-server.testing.ts';
import type { Answer } from './fake-api-server.testing.ts';
import { configMaps } from './resources.ts';

// A fake server, since a real one keeps events for an hour. With a real one: lease.integration.test.ts.

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

const subject = (name: string) => ({
  resource: configMaps,
  object: { metadata: { namespace: 'default', name, uid: name } },
});

async function start(answers: readonly Answer[] = [json({ metadata: { name: 'e' } })]) {
  const { client, requests } = await startFakeApiServer(answers);
  const logger = recordingLogger();
  const recorder = createEventRecorder({ client, controller: 'meltemi.dev/test', instance: 'i', logger });
  const emit = (name: string, note: string) => recorder.event(subject(name), 'Normal', 'Tested', 'Testing', note);
  return { recorder, emit, requests, logger, methods: () => requests.map((request) => request.split(' ')[0]) };
}

describe('the event recorder', () => {
  it('counts repetitions, and begins anew when a series is long over', async () => {
    const { recorder, emit, methods } = await start();
    for (let i = 0; i < 10; i++) emit('a', 'same');
    await recorder.flush();
    expect(methods()).toEqual(['POST', 'PATCH']);
    vi.setSystemTime(Date.now() + 7 * 60_000);
    emit('a', 'same');
    await recorder.flush();
    expect(methods()).toEqual(['POST', 'PATCH', 'POST']);
  });

  it('bounds what is said about one object, not what is said about others', async () => {
    const { recorder, emit, requests } = await start();
    for (let i = 0; i < 100; i++) emit('noisy', `note ${i}`);
    emit('quiet', 'note');
    await recorder.flush();
    expect(requests).toHaveLength(26);
  });

  it('does not hold up the end of the process for a server that hangs', async () => {
    const { recorder, emit, requests } = await start([hang]);
    emit('a', 'one');
    emit('a', 'another');
    await recorder.flush(10);
    expect(requests.length).toBeLessThanOrEqual(1);
  });

  it('says of many events that cannot be written only now and then that it is so', async () => {
    const { recorder, emit, logger } = await start([statusAnswer(500, 'InternalError')]);
    for (let i = 0; i < 200; i++) emit(`object-${i}`, 'note');
    await recorder.flush();
    const said = logger.entries.filter(({ level }) => level === 'warn');
    expect(said.map(({ fields }) => fields['lost'])).toEqual([1, 2, 4, 8, 16, 32, 64, 128]);
  });

  it('writes an event anew that the server has dropped', async () => {
    const { recorder, emit, methods, logger } = await start([
      json({ metadata: { name: 'e' } }),
      statusAnswer(404, 'NotFound'),
      json({ metadata: { name: 'e' } }),
    ]);
    emit('a', 'same');
    emit('a', 'same');
    await recorder.flush();
    expect(methods()).toEqual(['POST', 'PATCH', 'POST']);
    expect(logger.entries).toEqual([]);
  });
});
