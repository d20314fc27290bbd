import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** One process, told from a later one with the same id by when it started (clock ticks since boot). */
export interface ProcessMark {
  readonly pid: number;
  readonly startTicks: number;
}

/** The mark of a living process; undefined when there is none, or only its remains that wait to be reaped. */
export function markOf(pid: number): ProcessMark | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // proc(5): the name, in parentheses, may hold anything; after it the state is field 3 and the start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTicks = Number(fields[19]);
  if (fields[0] === 'Z' || fields[0] === 'X' || !Number.isFinite(startTicks)) return undefined;
  return { pid, startTicks };
}

export function isAlive(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.startTicks === mark.startTicks;
}

export function writeMark(file: string, mark: ProcessMark): void {
  writeFileSync(`${file}.new`, `${mark.pid} ${mark.startTicks}\n`);
  renameSync(`${file}.new`, file);
}

/** The marked process if it still lives. */
export function readLivingMark(file: string): ProcessMark | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const [pid = 0, startTicks = 0] = text.trim().split(' ').map(Number);
  const mark = { pid, startTicks };
  return Number.isInteger(pid) && pid > 0 && isAlive(mark) ? mark : undefined;
}
