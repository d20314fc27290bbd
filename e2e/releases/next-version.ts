import { version } from '../../lib/version.ts';

/** The minor version after this tree's: `0.2.0` of `0.1.0`. */
export const nextVersion = version.replace(/^(\d+)\.(\d+).*$/, (_, major: string, minor: string) => {
  return `${major}.${String(Number(minor) + 1)}.0`;
});
