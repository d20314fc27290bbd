import { version } from './version.ts';

/** Images of the project as it names them; where they really are is for `--istiod-image`, `--proxy-image` and specs. */
export function projectImages(of: string = version): { readonly istiod: string; readonly proxy: string } {
  return { istiod: `meltemi/meltemi:${of}`, proxy: `meltemi/proxy:${of}` };
}

/** `registry.example:5000/a/b` of `registry.example:5000/a/b:1.2.3` and of `…@sha256:…`. */
export function repositoryOf(image: string): string {
  const [name = ''] = image.split('@');
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}
