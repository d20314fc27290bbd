import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FleetReply, FleetRequest } from './fleet-messages.ts';

type Done = Extract<FleetReply, { readonly type: 'done' }>;

/** The process of the sidecars, seen from the one that started it. */
export interface FleetClient extends AsyncDisposable {
  /** One request at a time. Rejects when the sidecars say so, and when their process ends. */
  readonly ask: (request: FleetRequest) => Promise<Done>;
}

export function startFleet(): FleetClient {
  const child = fork(join(import.meta.dirname, 'fleet-process.ts'));
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process of the sidecars ended with exit code ${String(code)}`);
  });
  ended.catch(() => undefined);
  return {
    ask: async (request) => {
      const replied = once(child, 'message');
      child.send(request);
      const [reply] = (await Promise.race([replied, ended])) as [FleetReply];
      if (reply.type === 'failed') throw new Error(reply.message);
      return reply;
    },
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect();
      await ended.catch(() => undefined);
    },
  };
}
