import { spawn } from 'node:child_process';
import { commandEnvironment } from './environment.ts';
import { lastLines } from './text.ts';

/** How a command is run. */
export interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to the command's standard input, which is empty otherwise. */
  readonly input?: string;
  /** Ends the command with SIGKILL after so many milliseconds. */
  readonly timeoutMs?: number;
}

/** What a command left behind when it ended by itself. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that could not be started, or that ended with another exit code than 0. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly result: CommandResult;

  constructor(command: string, args: readonly string[], result: CommandResult) {
    const said = lastLines(result.stderr.trim() || result.stdout.trim(), 15);
    super(`${[command, ...args].join(' ').slice(0, 300)} ended with exit code ${result.code}:\n${said}`);
    this.result = result;
  }
}

/** Runs a command to its end, whatever its exit code (127 when it can't be started, 137 when it was killed). */
export function tryRun(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...commandEnvironment(), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' as const }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A command that ends without reading its input closes the pipe; its exit code tells the rest.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    const result = (code: number, more = ''): CommandResult => ({
      code,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString() + more,
    });
    child.on('error', (error) => resolve(result(127, error.message)));
    child.on('close', (code) => resolve(result(code ?? 137)));
  });
}

/**
 * Runs a command and gives what it wrote to standard output.
 * @throws CommandError with the end of what it said, when its exit code is not 0.
 */
export async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await tryRun(command, args, options);
  if (result.code !== 0) throw new CommandError(command, args, result);
  return result.stdout;
}
