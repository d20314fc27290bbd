/** What PeerAuthentication may say of a port, after merging: UNSET is resolved to the parent's, PERMISSIVE at last. */
export type MutualTlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';

/** Mesh-wide settings that translation reads, from the MeshControlPlane's `meshConfig`. */
export interface MeshSettings {
  /** Trust domain of workload identities, e.g. `cluster.local`. */
  readonly trustDomain: string;
  /** DNS domain of the cluster, e.g. `cluster.local`. */
  readonly clusterDomain: string;
  /** Namespace whose policies hold for the whole mesh, e.g. `istio-system`. */
  readonly rootNamespace: string;
  readonly outboundTrafficPolicy: 'ALLOW_ANY' | 'REGISTRY_ONLY';
  /** Whether clients use mutual TLS by themselves wherever the server's sidecar takes it. */
  readonly autoMutualTls: boolean;
  /** The default of the mesh where no PeerAuthentication says otherwise. */
  readonly mutualTlsMode: MutualTlsMode;
  /** Access log of every proxy; undefined for none. */
  readonly accessLog?: AccessLog;
  /** Upstream connect timeout in milliseconds (Istio's default: 10,000). */
  readonly connectTimeoutMs: number;
  /** How long sniffing waits for the first bytes, in milliseconds; 0 waits without end. */
  readonly protocolDetectionTimeoutMs: number;
}

export interface AccessLog {
  /** File in the proxy's container, usually `/dev/stdout`. */
  readonly path: string;
  readonly encoding: 'TEXT' | 'JSON';
  /** Format string (TEXT) or object of format strings (JSON); undefined for Istio's default. */
  readonly format?: string | Readonly<Record<string, string>>;
}

/** The settings of a mesh whose MeshControlPlane says nothing. */
export const defaultMeshSettings: MeshSettings = {
  trustDomain: 'cluster.local',
  clusterDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  outboundTrafficPolicy: 'ALLOW_ANY',
  autoMutualTls: true,
  mutualTlsMode: 'PERMISSIVE',
  connectTimeoutMs: 10_000,
  protocolDetectionTimeoutMs: 0,
};
