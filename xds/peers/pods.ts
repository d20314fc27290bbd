import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The group whose traffic passes by the sidecar, as that of Envoy itself. */
export const proxyGroup = 1337;
/** The group of clients outside of the mesh. */
export const outsideGroup = 65_534;

/**
 * Two pods, that is network namespaces with a wire between them, whose traffic is captured as in a real pod: the
 * client's outbound at 15001, the server's inbound at 15006.
 */
export class PodPair {
  readonly client = { name: `meltemi-${String(process.pid)}c`, address: '10.98.0.1' };
  readonly server = { name: `meltemi-${String(process.pid)}s`, address: '10.98.0.2' };
  readonly #running: ChildProcess[] = [];

  up(): void {
    const { client, server } = this;
    const wire = `m${String(process.pid)}`;
    for (const { name } of [client, server]) execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
    const peer = ['peer', 'name', `${wire}s`, 'netns', server.name];
    this.#ip(client.name, 'link', 'add', `${wire}c`, 'type', 'veth', ...peer);
    for (const [pod, end] of [
      [client, `${wire}c`],
      [server, `${wire}s`],
    ] as const) {
      this.#ip(pod.name, 'addr', 'add', `${pod.address}/24`, 'dev', end);
      this.#ip(pod.name, 'link', 'set', 'lo', 'up');
      this.#ip(pod.name, 'link', 'set', end, 'up');
    }
    // Service addresses lead nowhere; a route makes the kernel take them to the capture rules.
    this.#ip(client.name, 'route', 'add', 'default', 'via', server.address);
    for (const group of [proxyGroup, outsideGroup]) {
      this.#nat(client.name, 'OUTPUT', '-m', 'owner', '--gid-owner', String(group), '-j', 'RETURN');
    }
    this.#nat(client.name, 'OUTPUT', '-o', 'lo', '-j', 'RETURN');
    this.#nat(client.name, 'OUTPUT', '-j', 'REDIRECT', '--to-ports', '15001');
    this.#nat(server.name, 'PREROUTING', '-j', 'REDIRECT', '--to-ports', '15006');
  }

  /** Starts a program in a pod and waits for a line of its output that says that it is ready. */
  async start(pod: string, group: number, ready: RegExp, command: readonly string[]): Promise<ChildProcess> {
    const child = spawn('ip', this.#command(pod, group, command), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#running.push(child);
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      for (const input of [child.stdout, child.stderr]) {
        createInterface({ input }).on('line', (line) => {
          lines.push(line);
          if (ready.test(line)) resolve();
        });
      }
      child.on('exit', () => reject(new Error(`${command.join(' ')} ended:\n${lines.join('\n')}`)));
    });
    return child;
  }

  /** Runs a program in a pod to its end and gives its output. */
  run(pod: string, group: number, command: readonly string[]): string {
    return execFileSync('ip', this.#command(pod, group, command), { encoding: 'utf8' });
  }

  async stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async down(): Promise<void> {
    for (const child of this.#running) await this.stop(child);
    for (const { name } of [this.client, this.server]) execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' });
  }

  #command(pod: string, group: number, command: readonly string[]): readonly string[] {
    return ['netns', 'exec', pod, 'setpriv', '--regid', String(group), '--clear-groups', ...command];
  }

  #ip(pod: string, ...args: readonly string[]): void {
    execFileSync('ip', ['-n', pod, ...args], { stdio: 'pipe' });
  }

  #nat(pod: string, chain: string, ...rule: readonly string[]): void {
    const args = ['netns', 'exec', pod, 'iptables', '-t', 'nat', '-A', chain, '-p', 'tcp', ...rule];
    execFileSync('ip', args, { stdio: 'pipe' });
  }
}
