import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { applyDefaults } from '../../crds/defaults.ts';
import { meshControlPlane } from '../../crds/mesh-control-plane.ts';
import { validate } from './validate.ts';

/** The problems of a spec in YAML, once the API server has filled in defaults. */
function problems(yaml: string): readonly string[] {
  const spec = applyDefaults<unknown, unknown>(meshControlPlane.spec, load(yaml));
  return validate({
    apiVersion: 'meltemi.dev/v1alpha1',
    kind: 'MeshControlPlane',
    metadata: { name: 'main' },
    spec,
  }).map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
}

describe('validation of a MeshControlPlane', () => {
  it.each([
    [
      'a lone percent sign',
      '{meshConfig: {accessLog: {format: "%START_TIME% 5%"}}}',
      "error spec.meshConfig.accessLog.format: the % at position 14 begins no command of Envoy's; write %% for a percent sign",
    ],
    [
      'a lone percent sign in JSON',
      '{meshConfig: {accessLog: {encoding: JSON, jsonFormat: {a: "%b%"}}}}',
      "error spec.meshConfig.accessLog.jsonFormat.a: the % at position 0 begins no command of Envoy's; write %% for a percent sign",
    ],
    [
      'requests beyond the limits',
      '{pilot: {resources: {requests: {cpu: 2, memory: 1Gi}, limits: {cpu: 1500m, memory: 2Gi}}}}',
      'error spec.pilot.resources.requests.cpu: must not be more than the limit of 1500m, is 2',
    ],
    [
      'autoscaling without a request',
      '{pilot: {autoscaling: {enabled: true}, resources: {}}}',
      'error spec.pilot.resources.requests.cpu: is required for autoscaling, which goes by it',
    ],
    [
      'a single replica',
      '{pilot: {replicas: 1}}',
      'warning spec.pilot.replicas: is 1, so that no configuration or certificate is served while that one replica restarts',
    ],
    [
      'a single replica of autoscaling',
      '{pilot: {autoscaling: {enabled: true, minReplicas: 1}}}',
      'warning spec.pilot.autoscaling.minReplicas: is 1, so that no configuration or certificate is served while that one replica restarts',
    ],
    [
      'a toleration of all but one value',
      '{pilot: {tolerations: [{operator: Exists, value: a}]}}',
      'error spec.pilot.tolerations[0].value: must be empty with operator Exists',
    ],
    [
      'a toleration without key',
      '{pilot: {tolerations: [{value: a}]}}',
      'error spec.pilot.tolerations[0].operator: must be Exists where no key is given',
    ],
    [
      'a time for another effect',
      '{pilot: {tolerations: [{operator: Exists, tolerationSeconds: 5, effect: NoSchedule}]}}',
      'error spec.pilot.tolerations[0].tolerationSeconds: is only possible with effect NoExecute',
    ],
    [
      'a node label that is none',
      '{pilot: {nodeSelector: {"a b": c}}}',
      'error spec.pilot.nodeSelector: "a b" is no label key',
    ],
    [
      'an expression without values',
      '{injection: {neverInjectSelector: [{matchExpressions: [{key: a, operator: In}]}]}}',
      'error spec.injection.neverInjectSelector[0].matchExpressions[0].values: must not be empty with operator In',
    ],
    [
      'an expression with values',
      '{injection: {alwaysInjectSelector: [{matchExpressions: [{key: a, operator: Exists, values: [b]}]}]}}',
      'error spec.injection.alwaysInjectSelector[0].matchExpressions[0].values: must be empty with operator Exists',
    ],
    [
      'an expression over no label',
      '{injection: {alwaysInjectSelector: [{matchExpressions: [{key: a b, operator: NotIn, values: [c d]}]}]}}',
      'error spec.injection.alwaysInjectSelector[0].matchExpressions[0].key: "a b" is no label key',
      'error spec.injection.alwaysInjectSelector[0].matchExpressions[0].values[0]: "c d" is no label value',
    ],
    [
      'a window of a time zone that there is none of',
      '{upgrade: {windows: [{from: "01:00", to: "02:00"}, {from: "01:00", to: "02:00", timeZone: Atlantis}]}}',
      'error spec.upgrade.windows[1].timeZone: there is no time zone "Atlantis"; a name such as Europe/Berlin or UTC is wanted',
    ],
  ])('finds %s', (_, yaml, ...expected) => expect(problems(yaml)).toEqual(expected));

  it('finds log levels that are none, with the words of who reads them', () => {
    expect(problems('{pilot: {logLevel: loud}}')).toEqual([
      expect.stringMatching(/^error spec\.pilot\.logLevel: .*loud/),
    ]);
    expect(problems('{proxy: {agentLogLevel: "default:loud"}}')).toEqual([
      expect.stringMatching(/^error spec\.proxy\.agentLogLevel: .*loud/),
    ]);
  });

  it.each([
    ['an empty spec', '{}'],
    [
      'a full one',
      '{version: 0.1.0, revision: {name: blue}, meshConfig: {accessLog: {encoding: JSON, jsonFormat: {at: "%START_TIME%", status: "%RESPONSE_CODE%"}}}, pilot: {logLevel: "default:info,xds:debug", resources: {requests: {cpu: 500m}, limits: {cpu: "1", memory: 1Gi}}, tolerations: [{operator: Exists}, {key: a, value: b, effect: NoExecute, tolerationSeconds: 5}]}, injection: {neverInjectSelector: [{matchLabels: {a: b}, matchExpressions: [{key: c, operator: DoesNotExist}]}]}}',
    ],
  ])('has nothing against %s', (_, yaml) => expect(problems(yaml)).toEqual([]));
});
