import { basename, join, resolve } from 'node:path';
import type { Plugin } from 'esbuild';
import { inRepository } from '../environment.ts';

export interface ModuleSwap {
  readonly plugin: Plugin;
  /** How often the replacement was taken. */
  readonly taken: () => number;
}

/** Has all imports of a module lead to another one, but for those of the replacement itself. */
export function swapModule({
  module,
  replacement,
}: {
  readonly module: string;
  readonly replacement: string;
}): ModuleSwap {
  const [from, to] = [inRepository(module), inRepository(replacement)];
  const ending = basename(from).replaceAll(/[^\w-]/g, String.raw`\$&`);
  let taken = 0;
  const plugin: Plugin = {
    name: `swap-${module}`,
    setup: (build) => {
      build.onResolve({ filter: new RegExp(`(^|/)${ending}$`) }, ({ path, resolveDir, importer }) => {
        if (!path.startsWith('.') || resolve(join(resolveDir, path)) !== from || importer === to) return undefined;
        taken++;
        return { path: to };
      });
    },
  };
  return { plugin, taken: () => taken };
}
