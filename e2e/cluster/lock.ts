import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Progress } from './progress.ts';

const retryEveryMs = 200;

/**
 * Runs `work` under the machine-wide lock of a name, waiting as long as another process (or this one) holds it.
 *
 * The lock is a listening socket in Linux' abstract namespace (unix(7)): the kernel gives each address out once and
 * takes it back with the process, so that there is no stale lock to judge. Elsewhere than on Linux nothing is locked,
 * which only costs double work.
 */
export async function underLock<T>(name: string, progress: Progress, what: string, work: () => Promise<T>): Promise<T> {
  const server = await listenWhenFree(`\0meltemi-${createHash('sha256').update(name).digest('hex')}`, () => {
    progress(`${what}: waiting for another process that is at it`);
  });
  try {
    return await work();
  } finally {
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }
}

async function listenWhenFree(address: string, onWait: () => void): Promise<Server | undefined> {
  if (process.platform !== 'linux') return undefined;
  for (let waits = 0; ; waits++) {
    const server = await tryListen(address);
    if (server) return server;
    if (waits === 0) onWait();
    await delay(retryEveryMs);
  }
}

function tryListen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => resolve(server));
  });
}
