import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadAll } from 'js-yaml';
import { expect, it } from 'vitest';
import { ensureHelm } from '../e2e/cluster/binaries.ts';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import type { JsonObject } from './json.ts';
import { at, isJsonObject, textAt } from './json.ts';
import { toYamlStream } from './yaml.ts';

/** What the bundle takes from where the chart has it, too. */
function isCode(object: JsonObject): boolean {
  return ['CustomResourceDefinition', 'ClusterRole'].includes(textAt(object, 'kind'));
}

/**
 * The bundle is generated without Helm, from a file that holds what the chart makes with its defaults. After a change
 * of the chart: `npm run test:golden -- -u olm`, then `npm run generate`.
 */
it('chart.rendering.yaml is what the chart makes', async () => {
  const helm = await ensureHelm(progressToStderr);
  const chart = fileURLToPath(new URL('../charts/meltemi', import.meta.url));
  const args = ['template', 'meltemi', chart, '--namespace', 'meltemi-system', '--skip-tests'];
  const { stdout } = await promisify(execFile)(helm, args, { maxBuffer: 64 * 1024 * 1024 });
  const objects = loadAll(stdout).filter(
    (object) =>
      isJsonObject(object) && !isCode(object) && at(object, 'metadata', 'annotations', 'helm.sh/hook') === undefined,
  );
  await expect(toYamlStream(objects)).toMatchFileSnapshot('chart.rendering.yaml');
}, 600_000);
