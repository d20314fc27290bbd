import { describeError } from '../lib/errors.ts';
import { createConsoleLog } from './console-log.ts';
import { runIptables } from './iptables/command.ts';
import { runRequest, runWait } from './local-request.ts';
import { readLogLevels, readSettings } from './settings.ts';
import { runSidecar } from './sidecar-process.ts';

/** Exit codes; `agent/entrypoint.sh` starts the sidecar again for all but the first two. */
const exitCodes = { done: 0, misconfigured: 64, failed: 1 } as const;

const log = createConsoleLog(readLogLevels(process.env), process.env['LOG_FORMAT'] === 'human' ? 'human' : 'json');

async function main(command: string | undefined, args: readonly string[]): Promise<number> {
  switch (command) {
    case 'iptables':
      runIptables(args, log.child('iptables'));
      return exitCodes.done;
    case 'request':
      await runRequest(args);
      return exitCodes.done;
    case 'wait':
      await runWait(args);
      return exitCodes.done;
    case 'proxy':
      return proxy();
    case undefined:
    default:
      throw new Error(`unknown command "${command ?? ''}"; there are proxy, iptables, wait and request`);
  }
}

async function proxy(): Promise<number> {
  let settings;
  try {
    settings = readSettings(process.env);
  } catch (error) {
    log.error('the sidecar is not set up right', { error });
    return exitCodes.misconfigured;
  }
  await runSidecar(settings, log.child('agent'));
  return exitCodes.done;
}

process.on('uncaughtException', (error) => {
  log.error('unexpected error; the agent ends, and is started again', {
    error,
    stack: describeError(error, { stack: true }),
  });
  process.exit(exitCodes.failed);
});

// Not awaited at the top level, so that the bundle can be CommonJS, which costs less memory than an ES module.
main(process.argv[2], process.argv.slice(3)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    log.error(`pilot-agent ${process.argv[2] ?? ''} failed`, { error });
    process.exit(exitCodes.failed);
  },
);
