import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../e2e/eventually.ts';
import type { Answer } from './expectations.testing.ts';
import { Expectations } from './expectations.testing.ts';

/** The answer of the mesh, where hosts are unknown and the outbound policy is REGISTRY_ONLY. */
export const unknownHost = '502';

/** How long each of the load's connections rests between two requests, milliseconds. */
const restMs = 15;
const patience = { withinMs: 15_000, everyMs: 5 };

/** Who answers each host. */
export type Answers = ReadonlyMap<string, string>;

/** What else may answer a host until the new answer has been seen. */
export type Between = (host: string) => readonly string[];

export interface TrafficOptions {
  /** Unix socket of the sidecar for outbound connections. */
  readonly socket: string;
  readonly port: number;
  /** Whether connections are used again. A listener that goes closes them, perhaps while a request is on its way. */
  readonly keepAlive: boolean;
  /** Names of backends by the address from which they answer. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * An application's requests to hosts on one port, as they leave a sidecar's pod: through a socket whose first bytes say
 * where the connection was going before it was redirected (PROXY protocol, version 1). Every answer is judged.
 */
export class Traffic {
  readonly #expected = new Expectations();
  readonly #faults: string[] = [];
  /** The last answer of each host that alone was right. */
  readonly #now = new Map<string, string>();
  readonly #options: TrafficOptions;
  readonly #agent: OutboundAgent;
  #running: Promise<unknown> | undefined;
  #stopped = false;
  #count = 0;
  #turn = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#agent = new OutboundAgent(options);
  }

  /** Requests so far. */
  get count(): number {
    return this.#count;
  }

  /** Answers that nobody should have got, since this was last asked. */
  takeFaults(): readonly string[] {
    return this.#faults.splice(0);
  }

  /** Says who answers a host from now on. */
  expect(host: string, from: string): void {
    this.#now.set(host, from);
    this.#expected.allow(host, from);
  }

  /** Asks once. */
  async ask(host: string, agent = this.#agent): Promise<string> {
    const sentAt = performance.now();
    const from = await this.#send(host, agent);
    const answer: Answer = { from, sentAt, answeredAt: performance.now() };
    const fault = this.#expected.fault(host, answer);
    this.#count++;
    if (fault !== undefined) this.#faults.push(fault);
    return from;
  }

  /** Makes a change after which others answer these hosts than before, and waits until they do. */
  async change(next: Answers, act: () => Promise<unknown>, between?: Between): Promise<void> {
    this.begin(next, between);
    await act();
    await this.settle(next);
  }

  /** From now on the new answer is as right as the one that has been right so far, and so is what comes in between. */
  begin(next: Answers, between: Between = () => []): void {
    for (const [host, from] of next) {
      this.#expected.allow(host, this.#now.get(host) ?? unknownHost, from, ...between(host));
    }
  }

  /** Waits until each host is answered by whom it should be. Once that has been seen, no other answer is right. */
  async settle(next: Answers): Promise<void> {
    const settleOne = async ([host, from]: readonly [string, string]): Promise<void> => {
      const look = async (): Promise<true> => {
        const seen = await this.ask(host);
        if (seen !== from) throw new Error(`it is answered by ${seen}`);
        return true;
      };
      await eventually(`${host} answered by ${from}`, look, patience);
      this.expect(host, from);
    };
    await Promise.all([...next].map(settleOne));
  }

  /** Asks each host once. */
  async askAll(): Promise<void> {
    await Promise.all(this.#expected.hosts.map((host) => this.ask(host)));
  }

  /** Asks all hosts in turn, and between any two of them one of the given, over so many connections, until `stop`. */
  start(connections: number, often: readonly string[]): void {
    this.#running = Promise.all(Array.from({ length: connections }, () => this.#load(often)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#agent.destroy();
  }

  async #load(often: readonly string[]): Promise<void> {
    const agent = new OutboundAgent(this.#options);
    while (!this.#stopped) {
      const turn = this.#turn++;
      const hosts = turn % 2 === 0 ? often : this.#expected.hosts;
      const host = hosts[(turn >> 1) % hosts.length];
      if (host !== undefined) await this.ask(host, agent);
      await pause(restMs);
    }
    agent.destroy();
  }

  #send(host: string, agent: Agent): Promise<string> {
    return new Promise((resolve) => {
      const call = request({ agent, headers: { host }, timeout: 5_000 }, (response) => {
        response.resume();
        response.on('error', (error) => resolve(`error ${error.message}`));
        response.on('end', () => {
          const address = response.headers['answered-by'];
          const name = typeof address === 'string' ? this.#options.names.get(address) : undefined;
          resolve(response.statusCode === 200 && name !== undefined ? name : String(response.statusCode));
        });
      });
      call.on('timeout', () => call.destroy(new Error('no answer within 5 s')));
      call.on('error', (error) => resolve(`error ${error.message}`));
      call.end();
    });
  }
}

/** Connections that go where the application's would, to whichever address of the port. */
class OutboundAgent extends Agent {
  readonly #options: TrafficOptions;

  constructor(options: TrafficOptions) {
    super({ keepAlive: options.keepAlive, maxSockets: 8 });
    this.#options = options;
  }

  override createConnection(): Socket {
    const socket = connect(this.#options.socket);
    socket.write(`PROXY TCP4 10.99.0.1 10.96.255.254 40000 ${this.#options.port}\r\n`);
    return socket;
  }
}
