import { readFileSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '../../lib/logger.ts';

/** Missed notifications of the file system cost at most this much. */
const pollMs = 30_000;
/** A ConfigMap's update is several renames; they are looked at once. */
const settleMs = 100;

/**
 * Calls `use` with the file's text now and whenever it changes. The kubelet replaces the files of a ConfigMap by swapping
 * a symbolic link beside them, so the folder is watched. An absent or empty file is reported and waited for.
 */
export function followFile(file: string, log: Logger, use: (text: string) => void): { stop(): void } {
  let last: string | undefined;
  let settling: NodeJS.Timeout | undefined;
  const look = (): void => {
    settling = undefined;
    const text = read(file);
    if (text === last) return;
    last = text;
    if (text === undefined || text.trim() === '') log.warn('the file of trusted roots is missing or empty', { file });
    else use(text);
  };
  const lookSoon = (): void => {
    settling ??= setTimeout(look, settleMs);
  };
  look();
  const poll = setInterval(look, pollMs);
  const watcher = watchFolder(dirname(file), lookSoon, log);
  return {
    stop: () => {
      clearInterval(poll);
      clearTimeout(settling);
      watcher?.close();
    },
  };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function watchFolder(folder: string, changed: () => void, log: Logger): FSWatcher | undefined {
  try {
    const watcher = watch(folder, changed);
    watcher.on('error', (error) =>
      log.debug('watching failed; the file is looked at from time to time', { folder, error }),
    );
    return watcher;
  } catch (error) {
    // Nodes have a limit of inotify watches, which other pods may have used up.
    log.debug('watching failed; the file is looked at from time to time', { folder, error });
    return undefined;
  }
}
