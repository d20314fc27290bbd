/**
 * Bundles what runs into `dist/`: `bin/meltemi.js` (command line, operator and istiod, split so that each loads only
 * its own part) and `agent/agent.js` (the sidecar's agent, one small file of its own).
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
/** Bundled CommonJS dependencies call `require` for Node's own modules, which an ES module does not have. */
const requireShim =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

const shared = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  define: { 'process.env.MELTEMI_VERSION': JSON.stringify(version) },
  legalComments: 'linked',
  logLevel: 'warning',
} as const;

rmSync('dist', { recursive: true, force: true });
await Promise.all([
  build({
    ...shared,
    entryPoints: { 'bin/meltemi': 'bin/meltemi.ts' },
    outdir: 'dist',
    splitting: true,
    chunkNames: 'bin/chunks/[name]-[hash]',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    banner: { js: requireShim },
  }),
  existsSync('agent/main.ts')
    ? build({
        ...shared,
        // Without the machinery of ES modules each sidecar's agent is 1.5 MiB smaller.
        format: 'cjs',
        define: { ...shared.define, 'import.meta.url': '""' },
        entryPoints: { 'agent/agent': 'agent/main.ts' },
        outdir: 'dist',
        minify: true,
      })
    : undefined,
]);
if (existsSync('dist/agent')) writeFileSync('dist/agent/package.json', '{ "type": "commonjs" }\n');
