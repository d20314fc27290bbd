import { createHash } from 'node:crypto';
import { istiodConfigFolder, istiodConfigKey } from '../../config/istiod-config.ts';
import { injectionLabels } from '../../inject/names.ts';
import { deployments } from '../../lib/kube/resources.ts';
import { ports } from '../../lib/ports.ts';
import { annotationKeys, configMapName, istiodContainer, istiodName, istiodSelector, ownedLabels } from '../names.ts';
import { istiodConfigText } from './configuration.ts';
import type { DesiredObject } from './desired.ts';
import { desired } from './desired.ts';
import { inNamespace } from './metadata.ts';
import type { Revision } from './revision.ts';

/** As the image has it. */
const userId = 65532;

/** istiod itself. Without a number of replicas where an autoscaler sets it. */
export function deployment(revision: Revision): DesiredObject {
  const { pilot } = revision.spec;
  return desired(deployments, inNamespace(revision, istiodName(revision.name)), {
    spec: {
      ...(pilot.autoscaling.enabled ? {} : { replicas: pilot.replicas }),
      selector: { matchLabels: istiodSelector(revision.name) },
      // Never fewer replicas than asked for while they are replaced.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      progressDeadlineSeconds: 300,
      template: { metadata: podMetadata(revision), spec: podSpec(revision) },
    },
  });
}

function podMetadata(revision: Revision): object {
  return {
    labels: {
      ...ownedLabels(revision.controlPlane, revision.name),
      ...istiodSelector(revision.name),
      istio: 'pilot',
      [injectionLabels.pod]: 'false',
    },
    annotations: {
      [annotationKeys.configDigest]: createHash('sha256').update(istiodConfigText(revision)).digest('hex').slice(0, 16),
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': String(ports.istiodMonitoring),
      'prometheus.io/path': '/metrics',
    },
  };
}

function podSpec(revision: Revision): object {
  const { pilot } = revision.spec;
  return {
    serviceAccountName: istiodName(revision.name),
    ...(revision.pullSecrets.istiod.length === 0 ? {} : { imagePullSecrets: revision.pullSecrets.istiod }),
    // Time for sidecars to move to another replica.
    terminationGracePeriodSeconds: 45,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: userId,
      runAsGroup: userId,
      fsGroup: userId,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: istiodSelector(revision.name) },
      // Pods of the template that is being replaced do not count.
      matchLabelKeys: ['pod-template-hash'],
    })),
    ...(pilot.nodeSelector === undefined ? {} : { nodeSelector: pilot.nodeSelector }),
    ...(pilot.tolerations === undefined ? {} : { tolerations: pilot.tolerations }),
    ...(pilot.affinity === undefined ? {} : { affinity: pilot.affinity }),
    containers: [container(revision)],
    volumes: [
      { name: 'config', configMap: { name: configMapName(revision.name) } },
      { name: 'tmp', emptyDir: {} },
    ],
  };
}

function container(revision: Revision): object {
  const { pilot } = revision.spec;
  return {
    name: istiodContainer,
    image: revision.images.istiod,
    ...(pilot.imagePullPolicy === undefined ? {} : { imagePullPolicy: pilot.imagePullPolicy }),
    args: istiodArguments(revision),
    env: [
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
    ],
    ports: [
      { name: 'https-xds', containerPort: ports.xds, protocol: 'TCP' },
      { name: 'https-webhook', containerPort: ports.webhook, protocol: 'TCP' },
      { name: 'http-monitoring', containerPort: ports.istiodMonitoring, protocol: 'TCP' },
    ],
    startupProbe: probe('/healthz', 1, 120),
    readinessProbe: probe('/readyz', 3, 3),
    livenessProbe: probe('/healthz', 10, 6),
    // The last lines of a crash show up in the pod's status, and from there in that of the MeshControlPlane.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: pilot.resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
    },
    volumeMounts: [
      { name: 'config', mountPath: istiodConfigFolder, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

/** Command line of istiod; the image's entry point is `meltemi`. */
export function istiodArguments(revision: Revision): readonly string[] {
  return [
    'istiod',
    `--revision=${revision.name}`,
    `--namespace=${revision.namespace}`,
    `--config=${istiodConfigFolder}/${istiodConfigKey}`,
    `--log-level=${revision.spec.pilot.logLevel}`,
    `--log-format=${revision.logFormat}`,
  ];
}

function probe(path: string, periodSeconds: number, failureThreshold: number): object {
  return { httpGet: { path, port: ports.istiodMonitoring }, periodSeconds, failureThreshold, timeoutSeconds: 5 };
}
