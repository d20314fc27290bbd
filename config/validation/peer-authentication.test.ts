import { describe, expect, it } from 'vitest';
import { problemsOf } from './problems-of.testing.ts';

const problems = (yaml: string) => problemsOf('security.istio.io/v1', 'PeerAuthentication', yaml);
const selector = 'selector: {matchLabels: {app: a}}';

describe('validation of a PeerAuthentication', () => {
  it.each([
    [
      'ports without selector',
      '{portLevelMtls: {"80": {mode: STRICT}}}',
      'error spec.portLevelMtls: is only possible with labels in selector.matchLabels',
    ],
    ['no ports', `{${selector}, portLevelMtls: {}}`, 'error spec.portLevelMtls: must name at least one port'],
    [
      'a port name',
      `{${selector}, portLevelMtls: {http: {mode: STRICT}}}`,
      'error spec.portLevelMtls: "http" is no port from 1 to 65535',
    ],
    [
      'port 0',
      `{${selector}, portLevelMtls: {"0": {mode: STRICT}}}`,
      'error spec.portLevelMtls: "0" is no port from 1 to 65535',
    ],
    [
      'a port beyond the last',
      `{${selector}, portLevelMtls: {"65536": {mode: STRICT}}}`,
      'error spec.portLevelMtls: "65536" is no port from 1 to 65535',
    ],
    [
      'an unknown mode',
      '{mtls: {mode: MAYBE}}',
      'error spec.mtls.mode: must be one of UNSET, DISABLE, PERMISSIVE, STRICT, is "MAYBE"',
    ],
    [
      'a label that is none',
      '{selector: {matchLabels: {"a*": b}}}',
      'error spec.selector.matchLabels: "a*" is no label key',
    ],
    [
      'a selector without labels',
      '{selector: {}, mtls: {mode: STRICT}}',
      'warning spec.selector: names no label, so that it selects every workload',
    ],
  ])('finds %s', (_, yaml, ...expected) => expect(problems(yaml)).toEqual(expected));

  it.each([
    ['an empty one', '{}'],
    ['one for the mesh', '{mtls: {mode: STRICT}}'],
    ['ports', `{${selector}, mtls: {mode: UNSET}, portLevelMtls: {"80": {mode: DISABLE}, "65535": {}}}`],
  ])('has nothing against %s', (_, yaml) => expect(problems(yaml)).toEqual([]));
});
