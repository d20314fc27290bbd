import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Labels or annotations as the downward API writes them: `key="value"` a line, the value quoted as Go does. */
export function parsePodInfo(text: string): Readonly<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const line of text.split('\n')) {
    const match = /^([^=]+)="(.*)"$/.exec(line);
    const [, key, quoted] = match ?? [];
    if (key !== undefined && quoted !== undefined) entries.push([key, unquote(quoted)]);
  }
  return Object.fromEntries(entries);
}

/** Escapes of Go's `strconv.Quote` that the downward API uses. */
function unquote(text: string): string {
  const simple: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return text.replaceAll(
    /\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))/gs,
    (_all, unicode?: string, byte?: string, one?: string) => {
      const code = unicode ?? byte;
      return code === undefined ? (simple[one ?? ''] ?? one ?? '') : String.fromCharCode(Number.parseInt(code, 16));
    },
  );
}

/** A file of the pod's downward API volume; empty where there is none. */
export function readPodInfo(folder: string, file: 'labels' | 'annotations'): Readonly<Record<string, string>> {
  try {
    return parsePodInfo(readFileSync(join(folder, file), 'utf8'));
  } catch {
    return {};
  }
}
