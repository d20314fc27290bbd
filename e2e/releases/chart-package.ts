import { join } from 'node:path';
import { ensureHelm } from '../cluster/binaries.ts';
import { cached, cacheFolder, keepNewest } from '../cluster/cache.ts';
import { run } from '../cluster/command.ts';
import { contentHash } from '../cluster/content-hash.ts';
import type { Progress } from '../cluster/progress.ts';
import { inRepository } from '../environment.ts';

/** The path of this tree's chart as a package of a version, whose operator is of that version too. */
export async function packagedChart(version: string, progress: Progress): Promise<string> {
  const chart = inRepository('charts/meltemi');
  const digest = await contentHash({ version }, { chart });
  const family = `charts/meltemi_${version}`;
  const folder = await cached(
    {
      key: `${family}/${digest.slice(0, 24)}`,
      title: `chart ${version}`,
      make: async (to) => {
        const helm = await ensureHelm(progress);
        await run(helm, ['package', chart, '--version', version, '--app-version', version, '--destination', to]);
      },
    },
    progress,
  );
  await keepNewest(join(cacheFolder(), family));
  return join(folder, `meltemi-${version}.tgz`);
}
