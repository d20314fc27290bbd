import { version } from './version.ts';

/** Images of the project as it names them; where they really are is for `--istiod-image`, `--proxy-image` and specs. */
export function projectImages(of: string = version): { readonly istiod: string; readonly proxy: string } {
  return { istiod: `meltemi/meltemi:${of}`, proxy: `meltemi/proxy:${of}` };
}
