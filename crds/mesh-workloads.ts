import { affinity, nodeSelector, resources, toleration } from './kubernetes-fields.ts';
import type { Infer } from './schema.ts';
import { array, boolean, enumeration, integer, object, required, string, withDefault } from './schema.ts';

const image = (of: string) =>
  string(`Image of ${of}; the one that belongs to the version when left out.`, { minLength: 1, maxLength: 512 });

const imagePullPolicy = enumeration('When the image is pulled; as Kubernetes does by itself when left out.', [
  'Always',
  'IfNotPresent',
  'Never',
]);

const imagePullSecrets = (where: string) =>
  array(
    `Secrets that the image is pulled with, ${where}; those that the operator was started with when left out.`,
    object('A Secret (core/v1 LocalObjectReference).', {
      name: required(string('Name of the Secret.', { minLength: 1, maxLength: 253 })),
    }),
  );

const envoyLogLevels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;
const logLevels = string('Level (debug, info, warn, error, none), or levels by component: default:info,xds:debug.', {
  maxLength: 1024,
  pattern: '^[a-z0-9-]+(:[a-z]+)?(, *[a-z0-9-]+(:[a-z]+)?)*$',
});

const replicaCount = (description: string) => integer(description, { format: 'int32', minimum: 1, maximum: 100 });

const autoscaling = object(
  'Number of replicas by load (a HorizontalPodAutoscaler).',
  {
    enabled: withDefault(
      boolean('Whether the number of replicas follows the load; replicas is without effect then.'),
      false,
    ),
    minReplicas: withDefault(replicaCount('Fewest replicas.'), 2),
    maxReplicas: withDefault(replicaCount('Most replicas.'), 5),
    targetCPUUtilizationPercentage: withDefault(
      integer('CPU use to aim at, in percent of the requests.', { format: 'int32', minimum: 1, maximum: 1000 }),
      80,
    ),
  },
  {
    rules: [
      {
        rule: '!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas',
        message: 'minReplicas must not be greater than maxReplicas',
        fieldPath: '.minReplicas',
      },
    ],
  },
);

/** The control plane's Deployment; called pilot as in Istio's installation values. */
export const pilot = object('The control plane, istiod.', {
  image: image('istiod'),
  imagePullPolicy,
  imagePullSecrets: imagePullSecrets('of the namespace of the control plane'),
  replicas: withDefault(replicaCount('Number of replicas; all of them are active.'), 2),
  autoscaling: withDefault(autoscaling, {}),
  resources: withDefault(resources('Resources of each replica.'), { requests: { cpu: '100m', memory: '256Mi' } }),
  nodeSelector,
  tolerations: array('Taints that the pods tolerate.', toleration),
  affinity,
  logLevel: withDefault(logLevels, 'info'),
});

export const proxy = object('The sidecars.', {
  image: image('the sidecar'),
  imagePullPolicy,
  imagePullSecrets: imagePullSecrets("of each pod's own namespace"),
  resources: withDefault(resources('Resources of each sidecar.'), {
    requests: { cpu: '100m', memory: '128Mi' },
    limits: { cpu: '2', memory: '1Gi' },
  }),
  logLevel: withDefault(enumeration('Log level of Envoy; "off" needs its quotes in YAML.', envoyLogLevels), 'warning'),
  componentLogLevel: withDefault(
    string('Levels by component of Envoy: upstream:debug,http:info.', {
      maxLength: 1024,
      pattern: '^([a-z0-9_]+:[a-z]+(,[a-z0-9_]+:[a-z]+)*)?$',
    }),
    'misc:error',
  ),
  agentLogLevel: withDefault(logLevels, 'info'),
});

export type Pilot = Infer<typeof pilot>;
export type PilotAutoscaling = Infer<typeof autoscaling>;
export type Proxy = Infer<typeof proxy>;
