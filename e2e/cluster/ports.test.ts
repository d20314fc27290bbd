import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { freePorts, isListening, until } from './ports.ts';

describe('freePorts', () => {
  it('gives different ports on which nothing listens', async () => {
    const ports = await freePorts(5);
    expect(new Set(ports).size).toBe(5);
    for (const port of ports) expect(await isListening(port)).toBe(false);
  });
});

it('isListening sees a server', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
  expect(await isListening(port)).toBe(true);
  server.close();
});

describe('until', () => {
  it('asks until the answer is yes', async () => {
    let asked = 0;
    await until('three', () => Promise.resolve(++asked === 3), 5_000, 1);
    expect(asked).toBe(3);
  });

  it('says what it waited for', async () => {
    await expect(until('the moon', () => Promise.resolve(false), 0, 1)).rejects.toThrow('the moon');
  });
});
