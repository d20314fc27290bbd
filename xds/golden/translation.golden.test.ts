import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dump } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envoyBinary } from '../../e2e/cluster/envoy-binary.ts';
import { runGoldenCase, selectForFolder } from './golden-case.ts';
import { staticBootstrap } from './static-bootstrap.ts';

const run = promisify(execFile);
const root = new URL('../translate/testdata/', import.meta.url).pathname;
const cases = (await readdir(root, { recursive: true })).filter((path) => path.endsWith('.in.yaml')).sort();

/**
 * Each `<case>.in.yaml` is translated, held against `<case>.out.yaml` (`npm run test:golden -- -u` writes them anew)
 * and loaded by a real Envoy.
 */
describe('translation', () => {
  let envoy: string;
  let scratch: string;
  beforeAll(async () => {
    envoy = await envoyBinary();
    scratch = await mkdtemp(join(tmpdir(), 'meltemi-golden-'));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  it.each(cases)('%s', async (path) => {
    const result = runGoldenCase(await readFile(join(root, path), 'utf8'));
    const [folder = ''] = path.split('/');
    const text = dump(selectForFolder(folder, result), { lineWidth: 120, noRefs: true });
    await expect(text).toMatchFileSnapshot(join(root, path.replace('.in.yaml', '.out.yaml')));
    await loadByEnvoy(path, JSON.stringify(staticBootstrap(result)));
  });

  async function loadByEnvoy(path: string, bootstrap: string): Promise<void> {
    const file = join(scratch, `${path.replaceAll('/', '-')}.json`);
    await writeFile(file, bootstrap);
    const { stderr } = await run(envoy, ['--mode', 'validate', '--log-level', 'error', '-c', file]).catch(
      (error: unknown) => {
        const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
        throw new Error(`Envoy refuses the translation of ${path}:\n${output}`);
      },
    );
    expect(stderr).not.toMatch(/\[(error|critical)\]/);
  }
});
