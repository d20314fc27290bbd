/** Fetches a page of metrics; undefined when it cannot be had in time. Never rejects. */
export type FetchPage = (address: string, port: number, path: string) => Promise<string | undefined>;

const timeoutMs = 2000;
/** Longer pages are not read to their end. */
const maxBytes = 8 * 1024 * 1024;

export const fetchPage: FetchPage = async (address, port, path) => {
  const host = address.includes(':') ? `[${address}]` : address;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(`http://${host}:${String(port)}${path}`, { signal, redirect: 'error' });
    if (!response.ok) {
      await response.body?.cancel();
      return undefined;
    }
    return await textOf(response);
  } catch {
    return undefined;
  }
};

async function textOf(response: Response): Promise<string | undefined> {
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (body === null) return '';
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.byteLength;
    // Leaving the loop ends the response.
    if (length > maxBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** The results for all items, of which so many are worked on at the same time. */
export async function inParallel<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) results.set(index, await work(item));
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
