import { readFileSync } from 'node:fs';

/** What catalogs say about the project, whatever the version. */
export const project = {
  displayName: 'Meltemi',
  summary: 'A service mesh that an operator brings up, keeps and upgrades: stock Envoy sidecars, the kinds of Istio',
  provider: { name: 'Meltemi', url: 'https://meltemi.dev' },
  maintainers: [{ name: 'The Meltemi maintainers', email: 'maintainers@meltemi.dev' }],
  links: [
    { name: 'Meltemi', url: 'https://meltemi.dev' },
    { name: 'Documentation', url: 'https://meltemi.dev/docs' },
  ],
  repository: 'https://meltemi.dev/source',
  keywords: ['service mesh', 'istio', 'envoy', 'mtls', 'traffic management', 'sidecar', 'xds'],
  /** What it is of the levels that the framework knows: it installs, and it upgrades itself and the mesh. */
  capabilities: 'Seamless Upgrades',
  categories: ['Networking', 'Security'],
  /** The kinds of the project's own group are v1alpha1. */
  maturity: 'alpha',
  suggestedNamespace: 'meltemi-system',
} as const;

/** The long description, in Markdown. */
export function description(): string {
  return readFileSync(new URL('description.md', import.meta.url), 'utf8')
    .trimEnd()
    .concat('\n');
}

export interface Icon {
  readonly base64data: string;
  readonly mediatype: 'image/svg+xml';
}

export function icon(): Icon {
  const svg = readFileSync(new URL('icon.svg', import.meta.url));
  return { base64data: svg.toString('base64'), mediatype: 'image/svg+xml' };
}
