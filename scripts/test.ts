/**
 * All tests, in the order of how soon they tell: types and style, unit, golden (each loaded by a real Envoy),
 * integration (a real API server), end to end (a real cluster, removed afterwards). Ends with `N passed, N failed`.
 *
 *   node scripts/test.ts [phase ...]     only these: types, style, unit, golden, integration, e2e
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

const scratch = mkdtempSync(join(tmpdir(), 'meltemi-test-'));
const clusterName = 'meltemi-test';

const phases: Readonly<Record<string, () => Promise<Outcome>>> = {
  types: () => succeeds('tsc', ['--noEmit']),
  style: async () =>
    sum([
      await succeeds('prettier', ['--check', '--log-level', 'warn', '.']),
      await succeeds('eslint', ['.']),
      await succeeds('node', ['scripts/generate.ts', '--check']),
    ]),
  unit: () => vitest('unit'),
  golden: () => vitest('golden'),
  integration: () => vitest('integration'),
  e2e,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(phases, name));
if (unknown.length > 0) {
  console.error(`there is no phase ${unknown.join(', ')}; there are ${Object.keys(phases).join(', ')}`);
  process.exit(2);
}

const outcomes: Outcome[] = [];
try {
  for (const [name, run] of Object.entries(phases)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(`\n== ${name}`);
    const started = performance.now();
    const outcome = await run();
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`== ${name}: ${outcome.passed} passed, ${outcome.failed} failed, in ${seconds} s`);
    outcomes.push(outcome);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const total = sum(outcomes);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

function sum(parts: readonly Outcome[]): Outcome {
  return {
    passed: parts.reduce((count, { passed }) => count + passed, 0),
    failed: parts.reduce((count, { failed }) => count + failed, 0),
  };
}

/** Runs a program to its end with our output; resolves to its exit code. */
function run(command: string, args: readonly string[], stdout: 'inherit' | 'pipe' = 'inherit') {
  const env = process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: '1' };
  const child = spawn(command, args, { stdio: ['ignore', stdout, 'inherit'], env });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    chunks.push(chunk);
  });
  return new Promise<{ readonly code: number; readonly output: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8') }));
  });
}

async function succeeds(command: string, args: readonly string[]): Promise<Outcome> {
  const { code } = await run(command, args);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function vitest(project: string): Promise<Outcome> {
  const report = join(scratch, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { code } = await run('vitest', ['run', '--project', project, ...reporters]);
  const { numPassedTests: passed, numFailedTests } = JSON.parse(readFileSync(report, 'utf8')) as {
    readonly numPassedTests: number;
    readonly numFailedTests: number;
  };
  // A file that cannot be loaded has no test that could fail.
  return { passed, failed: code !== 0 && numFailedTests === 0 ? 1 : numFailedTests };
}

async function e2e(): Promise<Outcome> {
  try {
    const { code, output } = await run('node', ['e2e/main.ts', '--name', clusterName], 'pipe');
    const [, passed, failed] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? [];
    if (passed === undefined || failed === undefined) return { passed: 0, failed: 1 };
    return { passed: Number(passed), failed: code !== 0 && failed === '0' ? 1 : Number(failed) };
  } finally {
    await run('node', ['e2e/cluster/main.ts', 'down', '--name', clusterName]);
  }
}
