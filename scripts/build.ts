/** Makes `dist/`, of the version that `MELTEMI_VERSION` or else package.json says. */
import { rm } from 'node:fs/promises';
import { version } from '../lib/version.ts';
import { buildBundles } from './bundles.ts';

await rm('dist', { recursive: true, force: true });
await buildBundles({ to: 'dist', version });
