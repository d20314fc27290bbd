import { duration } from './istio-scalars.ts';
import type { Infer } from './schema.ts';
import { boolean, enumeration, integer, map, object, string, withDefault } from './schema.ts';

/** A length of time that may be 0s. */
function durationOrZero(description: string) {
  return string(description, {
    maxLength: 32,
    rules: [{ rule: "duration(self) >= duration('0s')", message: 'must be a duration, such as 0s, 250ms or 5s' }],
  });
}

const accessLog = object(
  'Access log of every proxy; none is written when left out.',
  {
    file: withDefault(string('File in the container of the proxy.', { minLength: 1, maxLength: 4096 }), '/dev/stdout'),
    encoding: withDefault(enumeration('How a line is written.', ['TEXT', 'JSON']), 'TEXT'),
    format: string("Format string of a TEXT log, with Envoy's command operators; Istio's format when left out.", {
      maxLength: 8192,
    }),
    jsonFormat: map("Format string of each key of a JSON log; Istio's keys when left out.", string('A format string.')),
  },
  {
    rules: [
      {
        rule: "!has(self.format) || self.encoding == 'TEXT'",
        message: 'format is for encoding TEXT; use jsonFormat',
        fieldPath: '.format',
      },
      {
        rule: "!has(self.jsonFormat) || self.encoding == 'JSON'",
        message: 'jsonFormat is for encoding JSON; use format',
        fieldPath: '.jsonFormat',
      },
    ],
  },
);

const defaultConfig = object('Settings of every proxy.', {
  concurrency: withDefault(
    integer('Worker threads; 0 for one for each core.', { format: 'int32', minimum: 0, maximum: 1024 }),
    2,
  ),
  drainDuration: withDefault(duration('How long listeners that go away drain their connections.'), '45s'),
  terminationDrainDuration: withDefault(
    durationOrZero('How long connections are drained when the pod terminates.'),
    '5s',
  ),
  holdApplicationUntilProxyStarts: withDefault(
    boolean('Start the application only once the proxy is ready. A native sidecar always does.'),
    false,
  ),
});

/** Mesh-wide settings; names follow Istio's MeshConfig. */
export const meshConfig = object('Settings of the whole mesh.', {
  trustDomain: withDefault(
    string('Trust domain of all identities, the first part of each SPIFFE ID.', {
      maxLength: 255,
      pattern: '^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$',
    }),
    'cluster.local',
  ),
  clusterDomain: withDefault(
    string('DNS domain of the cluster.', { maxLength: 253, pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$' }),
    'cluster.local',
  ),
  rootNamespace: string('Namespace whose policies hold for the whole mesh; that of the control plane when left out.', {
    maxLength: 63,
    pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
  }),
  accessLog,
  outboundTrafficPolicy: withDefault(
    object('What happens to traffic to hosts that the mesh does not know.', {
      mode: withDefault(
        enumeration('ALLOW_ANY lets it pass, REGISTRY_ONLY refuses it.', ['ALLOW_ANY', 'REGISTRY_ONLY']),
        'ALLOW_ANY',
      ),
    }),
    {},
  ),
  mtls: withDefault(
    object('Mutual TLS where no PeerAuthentication says otherwise.', {
      mode: withDefault(
        enumeration('STRICT takes mutual TLS only, PERMISSIVE also plaintext, DISABLE plaintext only.', [
          'STRICT',
          'PERMISSIVE',
          'DISABLE',
        ]),
        'PERMISSIVE',
      ),
    }),
    {},
  ),
  enableAutoMtls: withDefault(boolean('Use mutual TLS by itself wherever the other side takes it.'), true),
  connectTimeout: withDefault(duration('How long a connection to an endpoint may take to be made.'), '10s'),
  protocolDetectionTimeout: withDefault(
    durationOrZero('How long to wait for the first bytes where the protocol of a port is unknown; 0s without end.'),
    '0s',
  ),
  defaultConfig: withDefault(defaultConfig, {}),
});

export type MeshConfig = Infer<typeof meshConfig>;
export type ProxyConfig = Infer<typeof defaultConfig>;
