import { isJsonObject, listAt, textAt, textsAt } from '../json.ts';
import { parseVersion } from '../../lib/semver.ts';
import { deploymentsOf, permissionRules } from './loaded-bundle.ts';
import type { Rule } from './rule.ts';
import { eachBad, error, unless, warning } from './rule.ts';

const prefix = 'operators.operatorframework.io.bundle';

/** What the framework recommends (operator-framework/api, GoodPracticesValidator). */
export const goodPracticeRules: readonly Rule[] = [
  {
    name: 'good-practices/deployment',
    check: (bundle) => unless(deploymentsOf(bundle).length > 0, () => error('there is no deployment to install')),
  },
  {
    name: 'good-practices/resource-requests',
    check: (bundle) =>
      eachBad(
        deploymentsOf(bundle)
          .flatMap((one) => listAt(one, 'spec', 'template', 'spec', 'containers'))
          .filter(isJsonObject),
        (container) => ['cpu', 'memory'].some((what) => textAt(container, 'resources', 'requests', what) === ''),
        (container) => warning(`container ${textAt(container, 'name')} asks for no CPU or no memory`),
      ),
  },
  {
    name: 'good-practices/crd-descriptions',
    check: ({ csv }) =>
      eachBad(
        ['owned', 'required'].flatMap((relation) => listAt(csv, 'spec', 'customresourcedefinitions', relation)),
        (kind) => textAt(kind, 'description') === '',
        (kind) => warning(`${textAt(kind, 'name')} has no description`),
      ),
  },
  {
    name: 'good-practices/channel-names',
    check: ({ annotations }) =>
      eachBad(
        [
          ...textAt(annotations, `${prefix}.channels.v1`).split(','),
          textAt(annotations, `${prefix}.channel.default.v1`),
        ],
        (channel) => channel !== '' && !/^(candidate|fast|stable)(-v\d+(\.\d+)?)?$/.test(channel),
        (channel) => warning(`channel ${channel} is not named after the convention`),
      ),
  },
  {
    name: 'good-practices/no-create-on-crds',
    check: (bundle) =>
      eachBad(
        permissionRules(bundle),
        (rule) =>
          textsAt(rule, 'apiGroups').some((group) => group === 'apiextensions.k8s.io' || group === '*') &&
          textsAt(rule, 'resources').some((one) => one === 'customresourcedefinitions' || one === '*') &&
          textsAt(rule, 'verbs').some((verb) => ['create', 'patch', '*'].includes(verb)),
        () => warning('it may create definitions, which is for OLM to do'),
      ),
  },
  {
    name: 'good-practices/bundle-name',
    check: ({ csv }) => {
      const name = textAt(csv, 'metadata', 'name');
      const [operator = '', version, more] = name.split('.v');
      const isGood =
        operator !== '' && version !== undefined && more === undefined && parseVersion(version) !== undefined;
      return [
        ...unless(isGood, () => warning(`metadata.name ${name} is not <operator>.v<version>`)),
        ...unless(!isGood || version === textAt(csv, 'spec', 'version'), () =>
          warning(`metadata.name ${name} is of another version than spec.version`),
        ),
      ];
    },
  },
  {
    // What the framework's best practices ask for beyond what its validators look at.
    name: 'best-practices/no-wildcard-permissions',
    check: (bundle) =>
      eachBad(
        permissionRules(bundle),
        (rule) => ['apiGroups', 'resources', 'verbs'].some((key) => textsAt(rule, key).includes('*')),
        (rule) => warning(`a permission is for everything: ${JSON.stringify(rule)}`),
      ),
  },
  {
    name: 'best-practices/no-namespace-in-arguments',
    check: (bundle) =>
      eachBad(
        deploymentsOf(bundle)
          .flatMap((one) => listAt(one, 'spec', 'template', 'spec', 'containers'))
          .flatMap((container) => textsAt(container, 'args')),
        (argument) => argument.startsWith('--namespace='),
        (argument) => error(`${argument}: whoever installs chooses the namespace`),
      ),
  },
  {
    name: 'best-practices/not-root',
    check: (bundle) =>
      eachBad(
        deploymentsOf(bundle)
          .flatMap((one) => listAt(one, 'spec', 'template', 'spec', 'containers'))
          .filter(isJsonObject),
        (container) => !isRestricted(container),
        (container) => warning(`container ${textAt(container, 'name')} may be root`),
      ),
  },
];

function isRestricted(container: unknown): boolean {
  const { securityContext } = isJsonObject(container) ? container : {};
  return (
    isJsonObject(securityContext) &&
    securityContext['runAsNonRoot'] === true &&
    securityContext['allowPrivilegeEscalation'] === false
  );
}
