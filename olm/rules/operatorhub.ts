import { at, listAt, textAt } from '../json.ts';
import { parseVersion } from '../../lib/semver.ts';
import type { Rule } from './rule.ts';
import { eachBad, error, unless, warning } from './rule.ts';

/** The levels that there are (operator-framework/api, StandardCapabilitiesValidator). */
const capabilities: readonly string[] = [
  'Basic Install',
  'Seamless Upgrades',
  'Full Lifecycle',
  'Deep Insights',
  'Auto Pilot',
];

/** The categories that there are (operator-framework/api, StandardCategoriesValidator). */
const categories: readonly string[] = [
  'AI/Machine Learning',
  'Application Runtime',
  'Big Data',
  'Cloud Provider',
  'Developer Tools',
  'Database',
  'Integration & Delivery',
  'Logging & Tracing',
  'Monitoring',
  'Modernization & Migration',
  'Networking',
  'OpenShift Optional',
  'Security',
  'Storage',
  'Streaming & Messaging',
  'Observability',
];

const mediaTypes: readonly string[] = ['image/gif', 'image/jpeg', 'image/png', 'image/svg+xml'];

/** What OperatorHub shows (operator-framework/api, OperatorHubV2Validator and the two of the lists above). */
export const operatorHubRules: readonly Rule[] = [
  {
    name: 'operatorhubv2/provider',
    check: ({ csv }) =>
      unless(textAt(csv, 'spec', 'provider', 'name').trim() !== '', () => error('spec.provider.name is missing')),
  },
  {
    name: 'operatorhubv2/maintainers',
    check: ({ csv }) => [
      ...unless(listAt(csv, 'spec', 'maintainers').length > 0, () => error('spec.maintainers is missing')),
      ...eachBad(
        listAt(csv, 'spec', 'maintainers'),
        (one) => textAt(one, 'name') === '' || !isEmail(textAt(one, 'email')),
        (one) => error(`maintainer "${textAt(one, 'name')}" needs a name and an email`),
      ),
    ],
  },
  {
    name: 'operatorhubv2/links',
    check: ({ csv }) => [
      ...unless(listAt(csv, 'spec', 'links').length > 0, () => error('spec.links is missing')),
      ...eachBad(
        listAt(csv, 'spec', 'links'),
        (link) => textAt(link, 'name') === '' || !URL.canParse(textAt(link, 'url')),
        (link) => error(`link "${textAt(link, 'name')}" needs a name and a URL`),
      ),
    ],
  },
  {
    name: 'operatorhubv2/version',
    check: ({ csv }) =>
      unless(parseVersion(textAt(csv, 'spec', 'version')) !== undefined, () => error('spec.version is no version')),
  },
  {
    name: 'operatorhubv2/icon',
    check: ({ csv }) => {
      const icons = listAt(csv, 'spec', 'icon');
      const [icon] = icons;
      if (icons.length === 0) return [warning('spec.icon is missing')];
      return [
        ...unless(icons.length === 1, () => error('there is more than one icon')),
        ...unless(textAt(icon, 'base64data') !== '' && textAt(icon, 'mediatype') !== '', () =>
          error('the icon needs both data and media type'),
        ),
        ...unless(mediaTypes.includes(textAt(icon, 'mediatype')), () => error('the media type of the icon is unknown')),
      ];
    },
  },
  {
    name: 'operatorhubv2/icon-is-what-it-says',
    check: ({ csv }) => {
      const [icon] = listAt(csv, 'spec', 'icon');
      if (textAt(icon, 'mediatype') !== 'image/svg+xml') return [];
      const text = Buffer.from(textAt(icon, 'base64data'), 'base64').toString('utf8');
      return unless(text.startsWith('<svg ') && text.trimEnd().endsWith('</svg>'), () => error('the icon is no SVG'));
    },
  },
  {
    name: 'capabilities/known-level',
    check: ({ csv }) => {
      const level = textAt(csv, 'metadata', 'annotations', 'capabilities');
      return unless(capabilities.includes(level), () => error(`capabilities "${level}" is no level`));
    },
  },
  {
    name: 'categories/known',
    check: ({ csv }) =>
      eachBad(
        textAt(csv, 'metadata', 'annotations', 'categories').split(','),
        (category) => !categories.includes(category.trim()),
        (category) => error(`category "${category}" is unknown`),
      ),
  },
  {
    // Asked for by the catalogs of the community operators, not by a validator.
    name: 'community/annotations',
    check: ({ csv }) => {
      const annotation = (key: string): string => textAt(csv, 'metadata', 'annotations', key);
      return [
        ...eachBad(
          ['containerImage', 'createdAt', 'description', 'repository', 'support'],
          (key) => annotation(key) === '',
          (key) => error(`annotation ${key} is missing`),
        ),
        ...unless(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(annotation('createdAt')), () =>
          error('annotation createdAt is no time'),
        ),
      ];
    },
  },
  {
    name: 'community/description-and-keywords',
    check: ({ csv }) => [
      ...unless(textAt(csv, 'spec', 'description').length >= 200, () => error('spec.description says little')),
      ...unless(listAt(csv, 'spec', 'keywords').length > 0, () => error('spec.keywords is missing')),
      ...unless(
        ['planning', 'pre-alpha', 'alpha', 'beta', 'stable', 'mature', 'inactive', 'deprecated'].includes(
          textAt(csv, 'spec', 'maturity'),
        ),
        () => error('spec.maturity is none of those that the console knows'),
      ),
    ],
  },
  {
    name: 'community/container-image-is-deployed',
    check: ({ csv }) => {
      const image = textAt(csv, 'metadata', 'annotations', 'containerImage');
      const deployed = listAt(csv, 'spec', 'install', 'spec', 'deployments')
        .flatMap((one) => listAt(one, 'spec', 'template', 'spec', 'containers'))
        .map((container) => at(container, 'image'));
      return unless(deployed.includes(image), () => error(`containerImage ${image} is not what is deployed`));
    },
  },
];

/** One address, as a mail program would take it; names and comments around it aside. */
function isEmail(text: string): boolean {
  return /^[^\s@<>()",;:]+@[^\s@<>()",;:]+\.[^\s@<>()",;:.]+$/.test(text);
}
