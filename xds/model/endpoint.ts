/** One address that serves one port of a service. */
export interface Endpoint {
  readonly address: string;
  /** The port on the address (the container's), 1 to 65535. */
  readonly port: number;
  /** The name of the service port it serves. */
  readonly servicePort: string;
  readonly health: 'healthy' | 'draining' | 'unhealthy';
  /** Labels of the pod, which subsets select by; empty where no pod is known. */
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly serviceAccount?: string;
  /** Pod name, where there is one. */
  readonly pod?: string;
  /** Name of what made the pod (deployment), for telemetry. */
  readonly workload?: string;
  /** `istio` where a sidecar accepts mutual TLS (pod label `security.istio.io/tlsMode=istio`). */
  readonly tlsMode: 'istio' | 'disabled';
  /** Region and zone of the node, where known. */
  readonly locality?: Locality;
}

/** Where a node is, by its well-known labels `topology.kubernetes.io/region` and `zone`; a label it lacks is empty. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
}
