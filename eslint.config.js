import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/**
 * The arrows of the house: a room may import from itself and from the rooms named here, nothing else.
 * Rooms that nobody names (operator, istiod, agent, cli) can be imported by `bin/` alone.
 */
const arrows = {
  lib: [],
  crds: ['lib'],
  config: ['crds', 'lib'],
  xds: ['crds', 'config', 'lib'],
  ca: ['crds', 'config', 'lib'],
  inject: ['crds', 'config', 'lib'],
  ratelimit: ['crds', 'config', 'lib'],
  agent: ['lib', 'crds'],
  istiod: ['xds', 'ca', 'inject', 'config', 'ratelimit', 'crds', 'lib'],
  operator: ['xds', 'ca', 'inject', 'config', 'ratelimit', 'crds', 'lib'],
  cli: ['xds', 'ca', 'inject', 'config', 'ratelimit', 'crds', 'lib'],
};
const rooms = Object.keys(arrows);
const zones = rooms.flatMap((room) =>
  rooms
    .filter((other) => other !== room && !arrows[room].includes(other))
    .map((other) => ({
      target: `./${room}`,
      from: `./${other}`,
      message: `${room}/ must not import from ${other}/ (see docs/architecture.md, "Which way imports point").`,
    })),
);

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'coverage/', 'xds/envoy/gen/', 'ca/api/gen/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.js'] } } },
    plugins: { 'import-x': importX },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-cycle': 'off',
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['@kubernetes/client-node*'], message: 'Only lib/kube/ talks to the Kubernetes client library.' },
          ],
        },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
    },
  },
  { files: ['lib/kube/**', 'operator/mesh-operator.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
);
