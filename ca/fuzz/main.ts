/**
 * Feeds the parsers of the certificate service with mutated inputs: `npm run fuzz:ca -- --minutes 10 --seed 1`. The exit
 * code is 1 when one failed in other words than its own, or did not end.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Command } from 'commander';
import { describeError } from '../../lib/errors.ts';
import type { FuzzResult } from './fuzz.ts';
import { fuzz } from './fuzz.ts';
import { makeTargets } from './targets.ts';

interface Work {
  readonly seed: number;
  readonly endsAt: number;
  /** The last input: how many there were, target, length, bytes. */
  readonly last: SharedArrayBuffer;
}

type Message = Pick<FuzzResult, 'inputs' | 'counts'> & {
  readonly finding?: { readonly target: string; readonly error: string; readonly input: Uint8Array };
};

const sharedBytes = 64 * 1024;
const headerBytes = 64;
/** No parser takes that long for any input, however busy the machine is. */
const hangMs = 20_000;

if (isMainThread) await runMain();
else await runWorker(workerData as Work);

/** Watches the thread that does the work: only from outside can one see that it no longer comes to an end. */
async function runMain(): Promise<void> {
  const program = new Command('fuzz:ca')
    .description('Fuzzes the parsers of signing requests, PEM, certificates, keys and tokens.')
    .option('--minutes <n>', 'how long', Number, 1)
    .option('--seed <n>', 'of the mutations', Number, Math.floor(Math.random() * 2 ** 32))
    .parse();
  const { minutes, seed } = program.opts<{ readonly minutes: number; readonly seed: number }>();
  console.error(`fuzzing for ${minutes} min, seed ${seed}`);
  const last = new SharedArrayBuffer(sharedBytes);
  const work: Work = { seed, endsAt: Date.now() + minutes * 60_000, last };
  const worker = new Worker(new URL(import.meta.url), { workerData: work });
  const result = await watched(worker, last);
  if (result === 'hang') {
    const { target, input } = readLast(last);
    report(target, `did not end within ${hangMs / 1000} s`, input);
  } else {
    console.log(JSON.stringify({ seed, inputs: result.inputs, counts: result.counts }));
    const { finding } = result;
    if (finding !== undefined) report(finding.target, finding.error, Buffer.from(finding.input));
  }
  await worker.terminate();
}

function report(target: string, what: string, input: Buffer): void {
  const file = join(tmpdir(), `fuzz-${target}-${process.pid}.bin`);
  writeFileSync(file, input);
  console.log(`${target}: ${what}\nthe input is in ${file}`);
  process.exitCode = 1;
}

function watched(worker: Worker, last: SharedArrayBuffer): Promise<Message | 'hang'> {
  return new Promise((resolve, reject) => {
    let seen = -1;
    const timer = setInterval(() => {
      const { inputs } = readLast(last);
      if (inputs === seen) resolve('hang');
      seen = inputs;
    }, hangMs);
    const end = (settle: () => void): void => {
      clearInterval(timer);
      settle();
    };
    worker.once('message', (message: Message) => end(() => resolve(message)));
    worker.once('error', (error: Error) => end(() => reject(error)));
  });
}

async function runWorker({ seed, endsAt, last }: Work): Promise<void> {
  let inputs = 0;
  const { finding, ...rest } = await fuzz({
    targets: await makeTargets(),
    seed,
    goOn: () => Date.now() < endsAt,
    onInput: (target, input) => writeLast(last, ++inputs, target, input),
  });
  const found =
    finding === undefined ? {} : { finding: { ...finding, error: describeError(finding.error, { stack: true }) } };
  const message: Message = { ...rest, ...found };
  parentPort?.postMessage(message);
}

function writeLast(last: SharedArrayBuffer, inputs: number, target: string, input: Buffer): void {
  const bytes = Buffer.from(last);
  bytes.writeUInt32LE(inputs, 0);
  bytes.writeUInt32LE(input.length, 4);
  bytes.fill(0, 8, headerBytes);
  bytes.write(target, 8);
  input.copy(bytes, headerBytes);
}

function readLast(last: SharedArrayBuffer): {
  readonly inputs: number;
  readonly target: string;
  readonly input: Buffer;
} {
  const bytes = Buffer.from(last);
  const length = bytes.readUInt32LE(4);
  return {
    inputs: bytes.readUInt32LE(0),
    target: bytes.toString('latin1', 8, headerBytes).replaceAll('\0', ''),
    input: Buffer.from(bytes.subarray(headerBytes, headerBytes + length)),
  };
}
