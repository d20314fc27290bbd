import { run } from './command.ts';

/** A route or an address of this machine, as `ip -json` gives it; all else in it is not looked at. */
interface IpRecord {
  readonly dst?: unknown;
  readonly addr_info?: readonly { readonly local?: unknown; readonly prefixlen?: unknown }[];
}

/** The ranges that this machine has an address in or a route to, but for the default route. */
export async function usedRanges(): Promise<readonly string[]> {
  const [routes, addresses] = await Promise.all([
    run('ip', ['-json', '-4', 'route', 'show', 'table', 'all']),
    run('ip', ['-json', '-4', 'address', 'show']),
  ]);
  return [...rangesOf(routes), ...rangesOf(addresses)];
}

/** The ranges in what `ip -json route` or `ip -json address` printed. */
export function rangesOf(json: string): readonly string[] {
  const records = JSON.parse(json.trim() || '[]') as readonly IpRecord[];
  return records.flatMap(({ dst, addr_info = [] }) => [
    ...(typeof dst === 'string' && dst !== 'default' ? [dst] : []),
    ...addr_info.flatMap(({ local, prefixlen }) =>
      typeof local === 'string' ? [`${local}/${Number(prefixlen)}`] : [],
    ),
  ]);
}
