import { crdName } from '../crds/custom-resource-definition.ts';
import type { KindDefinition, SpecInput } from '../crds/kind.ts';
import { storageVersion } from '../crds/kind.ts';
import { destinationRule } from '../crds/destination-rule.ts';
import { meshControlPlane } from '../crds/mesh-control-plane.ts';
import { meshRevision } from '../crds/mesh-revision.ts';
import { meshRevisionTag } from '../crds/mesh-revision-tag.ts';
import { peerAuthentication } from '../crds/peer-authentication.ts';
import { virtualService } from '../crds/virtual-service.ts';
import type { Resource } from '../lib/kube/resources.ts';
import { mutatingWebhookConfigurations, pods, services } from '../lib/kube/resources.ts';
import { ownedResources } from '../operator/owned-resources.ts';
import type { KindPresentation, RelatedResource } from './kind-presentation.ts';

function builtIn({ kind, version }: Resource): RelatedResource {
  return { name: '', kind, version };
}

function custom(kind: KindDefinition): RelatedResource {
  return { name: crdName(kind), kind: kind.kind, version: storageVersion(kind) };
}

const controlPlaneExample: SpecInput<typeof meshControlPlane> = {
  namespace: 'istio-system',
  meshConfig: { accessLog: { encoding: 'JSON' }, mtls: { mode: 'STRICT' } },
  pilot: { replicas: 2, resources: { requests: { cpu: '100m', memory: '256Mi' } } },
};

const revisionExample: SpecInput<typeof meshRevision> = {
  controlPlane: 'default',
  revision: 'default-0-1-0-5d8c7f',
  version: '0.1.0',
  namespace: 'istio-system',
  images: { istiod: 'meltemi/meltemi:0.1.0', proxy: 'meltemi/proxy:0.1.0' },
};

const revisionTagExample: SpecInput<typeof meshRevisionTag> = {
  targetRef: { kind: 'MeshControlPlane', name: 'default' },
};

const virtualServiceExample: SpecInput<typeof virtualService> = {
  hosts: ['reviews'],
  http: [
    {
      route: [
        { destination: { host: 'reviews', subset: 'v1' }, weight: 90 },
        { destination: { host: 'reviews', subset: 'v2' }, weight: 10 },
      ],
    },
  ],
};

const destinationRuleExample: SpecInput<typeof destinationRule> = {
  host: 'reviews',
  trafficPolicy: { connectionPool: { tcp: { maxConnections: 100 } } },
  subsets: [
    { name: 'v1', labels: { version: 'v1' } },
    { name: 'v2', labels: { version: 'v2' } },
  ],
};

const peerAuthenticationExample: SpecInput<typeof peerAuthentication> = { mtls: { mode: 'STRICT' } };

/** By name of the definition. */
const presentations: Readonly<Record<string, KindPresentation>> = {
  [crdName(meshControlPlane)]: {
    displayName: 'Mesh Control Plane',
    example: { metadata: { name: 'default' }, spec: controlPlaneExample },
    specFields: {
      meshConfig: 'Configuration of the mesh',
      pilot: 'Control plane (istiod)',
      proxy: 'Sidecars',
      ca: 'Certificate authority',
      'revision.name': 'Revision name',
      'meshConfig.trustDomain': 'Trust domain',
      'meshConfig.mtls.mode': 'Mutual TLS',
      'meshConfig.accessLog.encoding': 'Access log encoding',
      'meshConfig.outboundTrafficPolicy.mode': 'Traffic to unknown hosts',
      'pilot.replicas': 'Replicas',
      'pilot.resources': 'Resources of the control plane',
      'pilot.autoscaling.enabled': 'Autoscaling',
      'pilot.autoscaling.minReplicas': 'Replicas at least',
      'pilot.autoscaling.maxReplicas': 'Replicas at most',
      'pilot.logLevel': 'Log level of the control plane',
      'proxy.image': 'Image of the sidecar',
      'proxy.resources': 'Resources of a sidecar',
      'proxy.logLevel': 'Log level of a sidecar',
      'ca.rootTTL': 'Lifetime of the root certificate',
      'ca.workloadCertTTL': 'Lifetime of workload certificates',
      'injection.policy': 'Injection policy',
      'injection.enableNamespacesByDefault': 'Sidecars in every namespace',
      'upgrade.strategy': 'Strategy of upgrades',
      'upgrade.paused': 'Hold upgrades',
      'upgrade.autoRollback': 'Return by itself',
      'upgrade.batches': 'Batches',
      'upgrade.gates': 'Gates between batches',
    },
    statusFields: {
      'proxies.connected': 'Connected sidecars',
      'proxies.synced': 'Sidecars that are up to date',
      'upgrade.phase': 'Phase of the upgrade',
      'upgrade.message': 'What the upgrade waits for',
      'upgrade.workloads': 'Workloads moved',
    },
    resources: [...ownedResources, pods].map(builtIn),
  },
  [crdName(meshRevision)]: {
    displayName: 'Mesh Revision',
    internal: true,
    example: { metadata: { name: 'default-0-1-0-5d8c7f' }, spec: revisionExample },
    specFields: {
      controlPlane: 'Mesh Control Plane',
      meshConfig: 'Configuration of the mesh',
      proxy: 'Sidecars',
      'images.istiod': 'Image of the control plane',
      'images.proxy': 'Image of the sidecar',
    },
    statusFields: {
      users: 'What uses it',
      'users.pods': 'Pods with its sidecar',
      'users.workloads': 'Workloads with its sidecar',
    },
    resources: [...ownedResources, pods].map(builtIn),
  },
  [crdName(meshRevisionTag)]: {
    displayName: 'Mesh Revision Tag',
    example: { metadata: { name: 'stable' }, spec: revisionTagExample },
    specFields: {
      targetRef: 'Target',
      'targetRef.kind': 'Kind of the target',
      'targetRef.name': 'Name of the target',
    },
    statusFields: { revision: 'Mesh Revision' },
    resources: [builtIn(mutatingWebhookConfigurations), custom(meshRevision)],
  },
  [crdName(virtualService)]: {
    displayName: 'Virtual Service',
    example: { metadata: { name: 'reviews', namespace: 'default' }, spec: virtualServiceExample },
    specFields: { http: 'HTTP routes', tls: 'TLS routes', tcp: 'TCP routes' },
    resources: [builtIn(services), custom(destinationRule)],
  },
  [crdName(destinationRule)]: {
    displayName: 'Destination Rule',
    example: { metadata: { name: 'reviews', namespace: 'default' }, spec: destinationRuleExample },
    specFields: {
      'trafficPolicy.connectionPool': 'Connection pool',
      'trafficPolicy.loadBalancer': 'Load balancing',
      'trafficPolicy.outlierDetection': 'Ejection of failing endpoints',
      'trafficPolicy.tls': 'TLS towards the host',
    },
    resources: [builtIn(services), custom(virtualService)],
  },
  [crdName(peerAuthentication)]: {
    displayName: 'Peer Authentication',
    example: { metadata: { name: 'default', namespace: 'default' }, spec: peerAuthenticationExample },
    specFields: { mtls: 'Mutual TLS', portLevelMtls: 'Mutual TLS by port', 'mtls.mode': 'Mode' },
    resources: [builtIn(pods)],
  },
};

/**
 * What the catalog says about a kind.
 * @throws Error for a kind of which nothing is said.
 */
export function presentationOf(kind: KindDefinition): KindPresentation {
  const found = presentations[crdName(kind)];
  if (found === undefined) {
    throw new Error(
      `olm/kind-presentations.ts says nothing about ${kind.kind} (${crdName(kind)}): a bundle needs its name in words, ` +
        'an example, the fields to describe and the kinds that come with it',
    );
  }
  return found;
}
