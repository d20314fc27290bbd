import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { ports } from '../lib/ports.ts';
import { envoyAdmin, readText } from './envoy/admin.ts';

/**
 * `pilot-agent request [--debug-port=15000] METHOD PATH`: asks Envoy's administration interface (or, by its port, the
 * agent) from within the pod and prints the answer. Throws for another status than 200.
 */
export async function runRequest(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { 'debug-port': { type: 'string' } },
    allowPositionals: true,
  });
  const [method, path] = positionals;
  const port = Number(values['debug-port'] ?? ports.admin);
  if (method === undefined || path === undefined || !Number.isInteger(port)) {
    throw new Error('usage: pilot-agent request [--debug-port=15000] METHOD PATH');
  }
  const answer = await envoyAdmin(port).open(method, path.startsWith('/') ? path : `/${path}`);
  if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode ?? 0}: ${await readText(answer)}`);
  for await (const chunk of answer) process.stdout.write(chunk as Buffer);
}

/** `pilot-agent wait [--timeoutSeconds=60]`: returns when the proxy is ready, throws with the reason when it takes longer. */
export async function runWait(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { timeoutSeconds: { type: 'string' } } });
  const seconds = Number(values.timeoutSeconds ?? 60);
  const end = Date.now() + seconds * 1000;
  const agent = envoyAdmin(ports.agentStatus);
  for (;;) {
    try {
      await agent.text('GET', '/healthz/ready');
      return;
    } catch (error) {
      if (Date.now() >= end) throw new Error(`the proxy is not ready after ${seconds} s`, { cause: error });
      await sleep(500);
    }
  }
}
