/** Takes one line about what is being done now. Where lines go (a terminal, a log) is the caller's business. */
export type Progress = (line: string) => void;

/** Progress lines go to standard error, so that standard output holds only what a command was asked for. */
export const progressToStderr: Progress = (line) => {
  process.stderr.write(`${line}\n`);
};

const firstLineAfterMs = 2_000;
const laterLinesEveryMs = 10_000;

/**
 * Runs `work` and, when it takes longer than two seconds, says so at once and then every ten seconds with the time it
 * has taken so far. Quick work stays silent.
 */
export async function reported<T>(progress: Progress, what: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const say = () => {
    progress(`${what} (${Math.round((performance.now() - started) / 1000)} s so far)`);
  };
  let later: NodeJS.Timeout | undefined;
  const first = setTimeout(() => {
    progress(`${what} …`);
    later = setInterval(say, laterLinesEveryMs);
  }, firstLineAfterMs);
  try {
    return await work();
  } finally {
    clearTimeout(first);
    clearInterval(later);
  }
}
