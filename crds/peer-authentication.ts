import { istioStatus } from './istio-status.ts';
import type { ObjectOfKind } from './kind.ts';
import { ageColumn, defineKind } from './kind.ts';
import type { Infer } from './schema.ts';
import { enumeration, map, object, withDefault } from './schema.ts';
import { workloadSelector } from './workload-selector.ts';

const mode = enumeration(
  'STRICT takes mutual TLS only, PERMISSIVE also plaintext, DISABLE plaintext only, UNSET inherits.',
  ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'],
);

function mutualTls(description: string) {
  return object(description, { mode });
}

const spec = object(
  'How workloads accept connections from their peers.',
  {
    selector: workloadSelector(
      'The workloads it applies to; without it all of the namespace, or of the mesh when in the root namespace.',
    ),
    mtls: mutualTls('What is accepted on all ports that portLevelMtls does not name.'),
    portLevelMtls: map(
      'What is accepted on single ports, by number of the port on the pod.',
      mutualTls('What one port accepts.'),
      {
        minProperties: 1,
        rules: [{ rule: 'self.all(key, 0 < int(key) && int(key) <= 65535)', message: 'port must be between 1-65535' }],
      },
    ),
  },
  {
    rules: [
      {
        rule: 'has(self.portLevelMtls) ? (((has(self.selector) && has(self.selector.matchLabels)) ? self.selector.matchLabels : {}).size() > 0) : true',
        message: 'portLevelMtls requires selector',
      },
    ],
  },
);

export const peerAuthentication = defineKind({
  group: 'security.istio.io',
  kind: 'PeerAuthentication',
  plural: 'peerauthentications',
  singular: 'peerauthentication',
  shortNames: ['pa'],
  categories: ['istio-io', 'security-istio-io'],
  scope: 'Namespaced',
  versions: [
    { name: 'v1', storage: true },
    { name: 'v1beta1', storage: false },
  ],
  printerColumns: [
    { name: 'Mode', type: 'string', description: 'The mutual TLS mode of all ports.', jsonPath: '.spec.mtls.mode' },
    ageColumn,
  ],
  description: 'PeerAuthentication says whether workloads accept mutual TLS, plaintext or both.',
  spec: withDefault(spec, {}),
  status: istioStatus,
});

export type PeerAuthentication = ObjectOfKind<typeof peerAuthentication>;
export type PeerAuthenticationSpec = Infer<typeof spec>;
export type MutualTlsMode = Infer<typeof mode>;
