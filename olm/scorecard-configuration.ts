/** The framework's tests, by suite. */
export const scorecardTests: Readonly<Record<string, readonly string[]>> = {
  basic: ['basic-check-spec'],
  olm: [
    'olm-bundle-validation',
    'olm-crds-have-validation',
    'olm-crds-have-resources',
    'olm-spec-descriptors',
    'olm-status-descriptors',
  ],
};

/** `tests/scorecard/config.yaml`: every test of the framework, all at once, from the image that holds them. */
export function scorecardConfiguration(image: string): object {
  const storage = { spec: { mountPath: {} } };
  const tests = Object.entries(scorecardTests).flatMap(([suite, names]) =>
    names.map((name) => ({
      entrypoint: ['scorecard-test', name],
      image,
      labels: { suite, test: `${name}-test` },
      storage,
    })),
  );
  return {
    apiVersion: 'scorecard.operatorframework.io/v1alpha3',
    kind: 'Configuration',
    metadata: { name: 'config' },
    stages: [{ parallel: true, tests }],
    storage,
  };
}
