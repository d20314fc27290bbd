import { labelSelector } from './kubernetes-fields.ts';
import type { Infer } from './schema.ts';
import { array, boolean, enumeration, object, string, withDefault } from './schema.ts';

function lifetime(description: string) {
  return string(description, {
    maxLength: 32,
    rules: [
      { rule: "duration(self) >= duration('60s')", message: 'must be a duration of 60s or more, such as 90m or 24h' },
    ],
  });
}

/** Rules must hold for `{}` too: the API server checks a default before it fills in the defaults within. */
function notLonger(shorter: string, longer: string): string {
  return `!has(self.${shorter}) || !has(self.${longer}) || duration(self.${shorter}) <= duration(self.${longer})`;
}

export const ca = object(
  'The certificate authority.',
  {
    rootTTL: withDefault(lifetime('Lifetime of a root certificate.'), '87600h'),
    workloadCertTTL: withDefault(lifetime('Lifetime of the certificate of a workload.'), '24h'),
    maxWorkloadCertTTL: withDefault(lifetime('Longest lifetime that a workload may ask for.'), '2160h'),
    keyType: withDefault(
      enumeration('Key of the root.', ['ECDSA-P256', 'ECDSA-P384', 'RSA-2048', 'RSA-4096']),
      'ECDSA-P256',
    ),
    workloadKeyType: withDefault(
      enumeration('Keys that sidecars make for themselves.', ['ECDSA-P256', 'ECDSA-P384', 'RSA-2048']),
      'ECDSA-P256',
    ),
    deletionPolicy: withDefault(
      enumeration(
        'Whether the Secret with the root stays when the MeshControlPlane is deleted: Retain lets a control plane that is made again go on with the same root; Delete takes it away with the last one of the namespace.',
        ['Retain', 'Delete'],
      ),
      'Retain',
    ),
  },
  {
    rules: [
      {
        rule: notLonger('workloadCertTTL', 'maxWorkloadCertTTL'),
        message: 'workloadCertTTL must not be longer than maxWorkloadCertTTL',
        fieldPath: '.workloadCertTTL',
      },
      {
        rule: notLonger('maxWorkloadCertTTL', 'rootTTL'),
        message: 'maxWorkloadCertTTL must not be longer than rootTTL',
        fieldPath: '.maxWorkloadCertTTL',
      },
    ],
  },
);

export const injection = object('Which pods get a sidecar, and how.', {
  policy: withDefault(
    enumeration('Whether pods of a namespace with injection get a sidecar without asking for it.', [
      'enabled',
      'disabled',
    ]),
    'enabled',
  ),
  enableNamespacesByDefault: withDefault(
    boolean('Whether namespaces without any injection label have injection.'),
    false,
  ),
  neverInjectSelector: withDefault(array('Pods that get none whatever the policy says.', labelSelector), []),
  alwaysInjectSelector: withDefault(array('Pods that get one whatever the policy says.', labelSelector), []),
  nativeSidecar: withDefault(
    boolean(
      'Run the sidecar as init container that goes on (restartPolicy Always), so that jobs end and it starts first.',
    ),
    true,
  ),
  rewriteAppHTTPProbers: withDefault(boolean("Have the sidecar ask the application's probes."), true),
});

export const telemetry = object('What is measured, and where it can be read.', {
  metrics: withDefault(
    object('Metrics of the sidecars.', {
      merge: withDefault(
        boolean("Serve the application's own Prometheus metrics together with those of the sidecar, on port 15020."),
        true,
      ),
    }),
    {},
  ),
});

export type CertificateAuthority = Infer<typeof ca>;
export type Injection = Infer<typeof injection>;
export type Telemetry = Infer<typeof telemetry>;
