import { readFileSync } from 'node:fs';

/** The version of this build: set by the bundler, read from package.json when run from source. */
export const version: string = process.env.MELTEMI_VERSION ?? sourceVersion();

function sourceVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version: found } = JSON.parse(text) as { readonly version: string };
  return found;
}
