import type { Pod } from '../../lib/kube/types.ts';
import { ports } from '../../lib/ports.ts';
import { labelKeys } from '../names.ts';
import type { FetchPage } from '../upgrade/fetch-page.ts';
import { inParallel } from '../upgrade/fetch-page.ts';
import type { ProxyVersions } from '../versions/skew.ts';

/**
 * The versions of the sidecars that are connected to a control plane, as its istiods count them (`pilot_xds` by
 * `version`). Rejects when none that is ready tells.
 */
export async function connectedVersions(
  pods: readonly Pod[],
  revisions: ReadonlySet<string>,
  fetchPage: FetchPage,
): Promise<readonly ProxyVersions[]> {
  const addresses = pods
    .filter(({ metadata }) => revisions.has(metadata.labels?.[labelKeys.revision] ?? ''))
    .filter(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
    .flatMap(({ status }) => (status?.podIP === undefined ? [] : [status.podIP]));
  if (addresses.length === 0) return [];
  const pages = await inParallel(addresses, 4, (address) => fetchPage(address, ports.istiodMonitoring, '/metrics'));
  const answers = pages.filter((page) => page !== undefined);
  if (answers.length === 0) throw new Error(`none of ${String(addresses.length)} istiod pods gave its metrics`);
  return versionsIn(answers);
}

/** Adds up the pages of several istiods (Prometheus' text format). */
export function versionsIn(pages: readonly string[]): readonly ProxyVersions[] {
  const counts = new Map<string, number>();
  for (const page of pages) {
    for (const [, version = '', value] of page.matchAll(/^pilot_xds\{version="([^"]*)"\} (\S+)/gm)) {
      const count = Number(value);
      if (version !== '' && count > 0) counts.set(version, (counts.get(version) ?? 0) + count);
    }
  }
  return [...counts].map(([version, count]) => ({
    name: `${String(count)} ${count === 1 ? 'proxy' : 'proxies'}`,
    version,
  }));
}
