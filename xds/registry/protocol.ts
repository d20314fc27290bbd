import type { Protocol } from '../model/service.ts';

/** What a port's name (before the first `-`) or its `appProtocol` says it speaks. Istio's protocol selection. */
const declared: ReadonlyMap<string, Protocol> = new Map([
  ['http', 'http'],
  ['http2', 'http2'],
  ['h2c', 'http2'],
  ['grpc', 'grpc'],
  ['grpc-web', 'grpc-web'],
  ['https', 'https'],
  ['tls', 'tls'],
  ['tcp', 'tcp'],
  ['mongo', 'tcp'],
  ['mysql', 'tcp'],
  ['redis', 'tcp'],
  ['kubernetes.io/h2c', 'http2'],
  ['kubernetes.io/ws', 'http'],
  ['kubernetes.io/wss', 'tls'],
]);

/** Ports whose server speaks first: sniffing would wait for a client that waits too. */
const serverFirstPorts: ReadonlySet<number> = new Set([25, 53, 3306, 27017]);

/**
 * The protocol of a service port: `appProtocol` before the port's name before the well-known number; `auto` (sniffed)
 * where none of them says anything.
 */
export function protocolOf(port: {
  readonly name?: string;
  readonly appProtocol?: string;
  readonly port: number;
}): Protocol {
  const byAppProtocol = declared.get(port.appProtocol?.toLowerCase() ?? '');
  if (byAppProtocol !== undefined) return byAppProtocol;
  const name = port.name?.toLowerCase() ?? '';
  if (name === 'grpc-web' || name.startsWith('grpc-web-')) return 'grpc-web';
  const [prefix = ''] = name.split('-');
  return declared.get(prefix) ?? (serverFirstPorts.has(port.port) ? 'tcp' : 'auto');
}
