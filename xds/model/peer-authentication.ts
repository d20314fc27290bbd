import type { PeerAuthentication } from '../../crds/peer-authentication.ts';
import type { Endpoint } from './endpoint.ts';
import { carriesLabels } from './label-selector.ts';
import type { MeshSettings, MutualTlsMode } from './mesh-settings.ts';

/** The workload that a policy is asked for. */
export interface PolicyTarget {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

type Settings = Pick<MeshSettings, 'rootNamespace' | 'mutualTlsMode'>;

/**
 * What a workload accepts on a container port, or on ports that no policy names. The mesh's policy, then the
 * namespace's, then the workload's, then the port's, each UNSET inheriting from the one before; of several policies of
 * one scope the oldest holds (Istio, PeerAuthentication). Policies come oldest first.
 */
export function mutualTlsModeOf(
  policies: readonly PeerAuthentication[],
  settings: Settings,
  workload: PolicyTarget,
  port?: number,
): MutualTlsMode {
  const ofWorkload = policies.find((policy) => selectsWorkload(policy, workload));
  const inherited = modeOf(ofWorkload?.spec.mtls?.mode) ?? namespaceMode(policies, settings, workload.namespace);
  if (port === undefined) return inherited;
  return modeOf(ofWorkload?.spec.portLevelMtls?.[String(port)]?.mode) ?? inherited;
}

/**
 * What clients may assume that the workloads of a service accept: the policies of mesh and namespace only, since which
 * pods a narrower policy selects is not the client's to know (Istio's best-effort inference). The result says whether to
 * try mutual TLS; endpoints then take part one by one, by their `tlsMode`.
 */
export function inferServiceMutualTls(
  policies: readonly PeerAuthentication[],
  settings: Settings,
  service: { readonly namespace: string },
): MutualTlsMode {
  return namespaceMode(policies, settings, service.namespace);
}

/**
 * Whether clients meet a sidecar that takes mutual TLS at this endpoint: it has a sidecar, and no policy turned mutual
 * TLS off for its workload or port, which clients can't tell from the policies of mesh and namespace.
 */
export function endpointTlsMode(
  policies: readonly PeerAuthentication[],
  settings: Settings,
  endpoint: Pick<Endpoint, 'namespace' | 'labels' | 'port' | 'tlsMode'>,
): Endpoint['tlsMode'] {
  if (endpoint.tlsMode === 'disabled') return 'disabled';
  return mutualTlsModeOf(policies, settings, endpoint, endpoint.port) === 'DISABLE' ? 'disabled' : 'istio';
}

function namespaceMode(policies: readonly PeerAuthentication[], settings: Settings, namespace: string): MutualTlsMode {
  const ofNamespace =
    namespace === settings.rootNamespace
      ? undefined
      : policies.find((policy) => policy.metadata.namespace === namespace && !hasSelector(policy));
  const ofMesh = policies.find(
    (policy) => policy.metadata.namespace === settings.rootNamespace && !hasSelector(policy),
  );
  return modeOf(ofNamespace?.spec.mtls?.mode) ?? modeOf(ofMesh?.spec.mtls?.mode) ?? settings.mutualTlsMode;
}

function hasSelector(policy: PeerAuthentication): boolean {
  return Object.keys(policy.spec.selector?.matchLabels ?? {}).length > 0;
}

/** A policy with a selector is for the workloads of its own namespace. */
function selectsWorkload(policy: PeerAuthentication, workload: PolicyTarget): boolean {
  if (!hasSelector(policy) || policy.metadata.namespace !== workload.namespace) return false;
  return carriesLabels(workload.labels, policy.spec.selector?.matchLabels);
}

function modeOf(mode: string | undefined): MutualTlsMode | undefined {
  return mode === 'STRICT' || mode === 'PERMISSIVE' || mode === 'DISABLE' ? mode : undefined;
}
