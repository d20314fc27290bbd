import { createConnection, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * TCP ports of an address on which nothing listens, chosen by the kernel, all different. They are free at this moment;
 * who takes one late must be ready for it to be gone.
 */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<readonly number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => hold(host)));
  await Promise.all(held.map(({ release }) => release()));
  return held.map(({ port }) => port);
}

function hold(host: string): Promise<{ port: number; release: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      const release = () => new Promise<void>((done) => server.close(() => done()));
      if (address === null || typeof address === 'string') reject(new Error(`no port on ${host}`));
      else resolve({ port: address.port, release });
    });
  });
}

/** Whether something accepts connections there. */
export function isListening(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host, timeout: 1_000 });
    const end = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}

/** Asks `check` until it says yes. @throws Error that names `what` after `timeoutMs`. */
export async function until(
  what: string,
  check: () => Promise<boolean>,
  timeoutMs: number,
  everyMs = 100,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${Math.round(timeoutMs / 1000)} s`);
    await delay(everyMs);
  }
}
