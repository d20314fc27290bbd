import { isIP } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import type { Node } from '../envoy/gen/envoy/config/core/v3/base_pb.js';

/** What a proxy says of itself in the `node` of its first request. */
export interface Proxy {
  /** The whole node id, e.g. `sidecar~10.0.0.7~reviews-1.default~default.svc.cluster.local`. */
  readonly id: string;
  readonly type: 'sidecar';
  /** Addresses of the pod, the node id's first. */
  readonly addresses: readonly string[];
  readonly pod: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The deployment's name, for people. */
  readonly workload: string;
  readonly version: string;
  readonly revision: string;
}

export type ParsedProxy = { readonly proxy: Proxy } | { readonly problem: string };

/** Names of pods (RFC 1123 subdomains) and namespaces (labels), as Kubernetes has them. */
const podName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;
const namespaceName = /^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** Reads a node as Istio's agents write it: `<type>~<ip>~<pod>.<namespace>~<dns domain>` and metadata. */
export function parseProxy(node: Node | undefined): ParsedProxy {
  if (node === undefined) return { problem: 'the first request of a stream must carry the node' };
  const [type = '', address = '', name = '', domain, ...rest] = node.id.split('~');
  const dot = name.lastIndexOf('.');
  const pod = name.slice(0, Math.max(0, dot));
  const namespace = name.slice(dot + 1);
  if (domain === undefined || rest.length > 0 || !podName.test(pod) || !namespaceName.test(namespace)) {
    return { problem: `node id ${quoted(node.id)} is not of the form sidecar~<ip>~<pod>.<namespace>~<domain>` };
  }
  if (type !== 'sidecar') return { problem: `node type ${quoted(type)} is not served; only "sidecar" is` };
  const metadata: JsonObject = node.metadata ?? {};
  const namespaceInMetadata = text(metadata.NAMESPACE) ?? namespace;
  if (namespace !== namespaceInMetadata) {
    return {
      problem: `node id ${quoted(node.id)} and its metadata NAMESPACE ${quoted(namespaceInMetadata)} disagree`,
    };
  }
  const addresses = [address, ...(text(metadata.INSTANCE_IPS) ?? '').split(',')].filter((ip) => isIP(ip) !== 0);
  if (addresses.length === 0) return { problem: `node id ${quoted(node.id)} has no IP address` };
  return {
    proxy: {
      id: node.id,
      type,
      addresses: [...new Set(addresses)],
      pod,
      namespace,
      serviceAccount: text(metadata.SERVICE_ACCOUNT) ?? 'default',
      labels: labelsOf(metadata.LABELS),
      workload: text(metadata.WORKLOAD_NAME) ?? pod,
      version: text(metadata.ISTIO_VERSION)?.slice(0, maxQuoted) ?? '',
      revision: text(metadata.ISTIO_REVISION) ?? '',
    },
  };
}

const maxQuoted = 128;

/** What a client wrote, short enough for a status and a log line. */
function quoted(value: string): string {
  return JSON.stringify(value.length > maxQuoted ? `${value.slice(0, maxQuoted)}…` : value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function labelsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
