import type { ObjectToWrite } from '../../lib/kube/client.ts';
import { hostOf, namespaceOf, nodeName, passingAddress, podAddress, podName, serviceName } from './layout.ts';
import type { Random } from './random.ts';

/** Objects as they may be at some time of the churn: what is left open is drawn. */

const ports = {
  http: { name: 'http', port: 80, targetPort: 8080 },
  grpc: { name: 'grpc-api', port: 9000, targetPort: 9090 },
  tcp: { name: 'tcp-db', port: 9001, targetPort: 9001 },
} as const;

const exported = (random: Random): object =>
  random.chance(0.1) ? { annotations: { 'networking.istio.io/exportTo': random.pick('.', '*', 'churn-1') } } : {};

export function serviceObject(service: number, random: Random): ObjectToWrite {
  const more = [random.chance(0.2) ? [ports.grpc] : [], random.chance(0.2) ? [ports.tcp] : []].flat();
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: serviceName(service),
      namespace: namespaceOf(service),
      labels: { tier: random.pick('front', 'back') },
      ...exported(random),
    },
    spec: { selector: { app: serviceName(service) }, ports: [ports.http, ...more] },
  };
}

export function sliceObject(service: number, random: Random): ObjectToWrite {
  const passing = Array.from({ length: random.below(4) }, (_, index) => ({
    addresses: [passingAddress(service, random.below(10) * 4 + index)],
    conditions: { ready: random.chance(0.9), terminating: random.chance(0.1) },
  }));
  const own = {
    addresses: [podAddress(service)],
    conditions: { ready: random.chance(0.95) },
    targetRef: { kind: 'Pod', name: podName(service), namespace: namespaceOf(service) },
    nodeName: nodeName(service % 4),
  };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: serviceName(service),
      namespace: namespaceOf(service),
      labels: { 'kubernetes.io/service-name': serviceName(service) },
    },
    addressType: 'IPv4',
    ports: Object.values(ports).map(({ name, targetPort }) => ({ name, port: targetPort, protocol: 'TCP' })),
    endpoints: [own, ...passing],
  };
}

export function podObject(service: number, random: Random): ObjectToWrite {
  const version = random.pick('v1', 'v2');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(service),
      namespace: namespaceOf(service),
      labels: { app: serviceName(service), version, 'security.istio.io/tlsMode': 'istio' },
    },
    spec: { nodeName: nodeName(service % 4), containers: [{ name: 'app', image: 'example.com/app:1' }] },
  };
}

export function podStatus(service: number): ObjectToWrite {
  const podIP = podAddress(service);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: podName(service), namespace: namespaceOf(service) },
    status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

export function nodeObject(node: number, random: Random): ObjectToWrite {
  const labels = {
    'topology.kubernetes.io/region': 'r',
    'topology.kubernetes.io/zone': random.pick('a', 'b', 'c'),
  };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName(node), labels } };
}

export function virtualServiceObject(index: number, services: number, random: Random): ObjectToWrite {
  const service = random.chance(0.8) ? index : random.below(services);
  const namespace = namespaceOf(index);
  const host = random.chance(0.1)
    ? random.pick(`*.${namespace}.svc.cluster.local`, 'shop.example.com')
    : hostOf(service);
  const destination = (): object => ({
    host: hostOf(random.chance(0.7) ? service : random.below(services)),
    ...(random.chance(0.3) ? { subset: random.pick('v1', 'v2') } : {}),
  });
  const match = random.pick<object>(
    { uri: { prefix: `/v${random.below(5)}` } },
    { headers: { 'x-user': { exact: `u${random.below(100)}` } } },
    { sourceLabels: { app: serviceName(random.below(services)) } },
  );
  const special = random.pick<object>(
    { redirect: { uri: '/moved' } },
    { route: [{ destination: destination() }], rewrite: { uri: '/' }, timeout: `${1 + random.below(9)}s` },
    { route: [{ destination: destination() }], retries: { attempts: 1 + random.below(4), perTryTimeout: '2s' } },
    { route: [{ destination: destination() }], fault: { delay: { fixedDelay: '1s', percentage: { value: 10 } } } },
  );
  const weight = 10 * random.below(11);
  const split = [
    { destination: destination(), weight },
    { destination: destination(), weight: 100 - weight },
  ];
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: `v${index}`, namespace },
    spec: {
      hosts: [host],
      http: [{ match: [match], ...special }, { route: split }],
      ...(random.chance(0.1) ? { exportTo: [random.pick('.', '*', 'churn-2')] } : {}),
    },
  };
}

export function destinationRuleObject(index: number, random: Random): ObjectToWrite {
  const policy = random.pick<object>(
    { loadBalancer: { simple: random.pick('ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM') } },
    { connectionPool: { tcp: { maxConnections: 1 + random.below(100) } } },
    { outlierDetection: { consecutive5xxErrors: 1 + random.below(9), interval: '5s', baseEjectionTime: '30s' } },
    { tls: { mode: 'DISABLE' } },
  );
  const subset = (version: string): object => ({ name: version, labels: { version } });
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: `d${index}`, namespace: namespaceOf(index) },
    spec: {
      host: hostOf(index),
      trafficPolicy: policy,
      subsets: random.chance(0.3) ? [subset('v1')] : [subset('v1'), subset('v2')],
    },
  };
}

export function peerAuthenticationObject(namespace: number, random: Random): ObjectToWrite {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace: `churn-${namespace}` },
    spec: { mtls: { mode: random.pick('STRICT', 'PERMISSIVE', 'DISABLE') } },
  };
}
