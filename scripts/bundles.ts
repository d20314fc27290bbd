import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions, Plugin } from 'esbuild';
import { build } from 'esbuild';

export interface BundleOptions {
  /** Path of the folder that gets `bin/` and `agent/`. */
  readonly to: string;
  /** What the bundles say they are (`lib/version.ts`). */
  readonly version: string;
  readonly plugins?: readonly Plugin[];
}

/** Bundled CommonJS dependencies call `require` for Node's own modules, which an ES module does not have. */
const requireShim =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/**
 * Bundles what runs: `bin/meltemi.js` (command line, operator and istiod, split so that each loads only its own part)
 * and `agent/agent.js` (the sidecar's agent, one small file of its own). The same sources give the same bytes, wherever
 * they are written to.
 */
export async function buildBundles({ to, version, plugins = [] }: BundleOptions): Promise<void> {
  const shared = {
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    define: { 'process.env.MELTEMI_VERSION': JSON.stringify(version) },
    legalComments: 'linked',
    logLevel: 'warning',
    plugins: [...plugins],
  } satisfies BuildOptions;
  await Promise.all([
    build({
      ...shared,
      entryPoints: { meltemi: 'bin/meltemi.ts' },
      outdir: join(to, 'bin'),
      splitting: true,
      chunkNames: 'chunks/[name]-[hash]',
      minifySyntax: true,
      minifyWhitespace: true,
      keepNames: true,
      banner: { js: requireShim },
    }),
    build({
      ...shared,
      // Without the machinery of ES modules each sidecar's agent is 1.5 MiB smaller.
      format: 'cjs',
      define: { ...shared.define, 'import.meta.url': '""' },
      entryPoints: { agent: 'agent/main.ts' },
      outdir: join(to, 'agent'),
      minify: true,
    }),
  ]);
  await writeFile(join(to, 'agent/package.json'), '{ "type": "commonjs" }\n');
}
