import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadAll } from 'js-yaml';
import { expect, it } from 'vitest';
import { ensureHelm } from '../e2e/cluster/binaries.ts';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import { at } from './json.ts';
import { toYamlStream } from './yaml.ts';

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
    (object) => object !== undefined && object !== null && at(object, 'kind') !== 'CustomResourceDefinition',
  );
  await expect(toYamlStream(objects)).toMatchFileSnapshot('chart.rendering.yaml');
}, 600_000);
