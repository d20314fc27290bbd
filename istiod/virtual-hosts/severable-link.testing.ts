import { rm } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/**
 * The way between a proxy and istiod: takes connections on a Unix socket and passes them on to a port of 127.0.0.1.
 * It can be cut, led to another port and mended while the proxy runs.
 */
export class SeverableLink {
  readonly #path: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port: number;
  #received = 0;

  constructor(path: string, port: number) {
    this.#path = path;
    this.#port = port;
  }

  /** Bytes that came from istiod over all connections so far. */
  get received(): number {
    return this.#received;
  }

  /** Takes connections, from now on for the given port. */
  async mend(port = this.#port): Promise<void> {
    this.#port = port;
    const server = createServer((socket) => this.#pass(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#path, resolve);
    });
  }

  /** Breaks all connections and takes no new ones. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await rm(this.#path, { force: true });
  }

  #pass(near: Socket): void {
    const far = connect(this.#port, '127.0.0.1');
    far.on('data', (bytes) => (this.#received += bytes.length));
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
