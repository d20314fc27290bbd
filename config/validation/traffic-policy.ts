import { isIP } from 'node:net';
import type { OutlierDetection, PortTrafficPolicy, TrafficPolicy, Tunnel } from '../../crds/traffic-policy.ts';
import { isDnsName } from '../syntax/names.ts';
import { checkClientTls } from './client-tls.ts';
import { checkConnectionPool } from './connection-pool.ts';
import { checkDuration, checkPercent, checkPort } from './fields.ts';
import { checkLoadBalancer } from './load-balancer.ts';
import type { Problems } from './problem.ts';
import { each, error, warning } from './problem.ts';

export function* checkTrafficPolicy(policy: TrafficPolicy | undefined, path: string): Problems {
  if (policy === undefined) return;
  yield* checkPolicy(policy, path);
  yield* each(policy.portLevelSettings, `${path}.portLevelSettings`, checkPortPolicy);
  yield* checkPortsOnce(policy.portLevelSettings ?? [], `${path}.portLevelSettings`);
  if (policy.tunnel !== undefined && policy.proxyProtocol !== undefined) {
    yield error(path, 'must not have both tunnel and proxyProtocol');
  }
  yield* checkTunnel(policy.tunnel, `${path}.tunnel`);
  yield* checkPercent(policy.retryBudget?.percent, `${path}.retryBudget.percent`);
  yield* checkDuration(policy.retryBudget?.budgetInterval, `${path}.retryBudget.budgetInterval`);
}

type SharedPolicy = Omit<PortTrafficPolicy, 'port'>;

/** What a policy of a host and that of a port have in common. */
function* checkPolicy(policy: SharedPolicy, path: string): Problems {
  const isEmpty = Object.keys(policy).every((name) => name === 'port');
  if (isEmpty) yield error(path, 'must have at least one setting');
  yield* checkLoadBalancer(policy.loadBalancer, `${path}.loadBalancer`, policy.outlierDetection !== undefined);
  yield* checkConnectionPool(policy.connectionPool, `${path}.connectionPool`);
  yield* checkOutlierDetection(policy.outlierDetection, `${path}.outlierDetection`);
  yield* checkClientTls(policy.tls, `${path}.tls`);
}

function* checkPortPolicy(policy: PortTrafficPolicy, path: string): Problems {
  if (policy.port?.number === undefined) yield error(`${path}.port.number`, 'is required');
  else yield* checkPort(policy.port.number, `${path}.port.number`);
  yield* checkPolicy(policy, path);
}

function* checkPortsOnce(policies: readonly PortTrafficPolicy[], path: string): Problems {
  const ports = policies.map(({ port }) => port?.number);
  for (const [index, port] of ports.entries()) {
    if (port !== undefined && ports.indexOf(port) < index) {
      yield error(`${path}[${index}].port.number`, `port ${port} stands here twice`);
    }
  }
}

function* checkOutlierDetection(detection: OutlierDetection | undefined, path: string): Problems {
  if (detection === undefined) return;
  yield* checkDuration(detection.interval, `${path}.interval`);
  yield* checkDuration(detection.baseEjectionTime, `${path}.baseEjectionTime`);
  yield* checkPercent(detection.maxEjectionPercent, `${path}.maxEjectionPercent`);
  yield* checkPercent(detection.minHealthPercent, `${path}.minHealthPercent`);
  if ((detection.consecutiveErrors ?? 0) !== 0) {
    yield warning(`${path}.consecutiveErrors`, 'is deprecated; use consecutive5xxErrors or consecutiveGatewayErrors');
  }
  if ((detection.consecutiveLocalOriginFailures ?? 0) > 0 && detection.splitExternalLocalOriginErrors !== true) {
    yield error(`${path}.consecutiveLocalOriginFailures`, 'is only possible with splitExternalLocalOriginErrors: true');
  }
}

function* checkTunnel(tunnel: Tunnel | undefined, path: string): Problems {
  if (tunnel === undefined) return;
  const { protocol = '', targetHost, targetPort } = tunnel;
  if (!['', 'CONNECT', 'POST'].includes(protocol)) {
    yield error(`${path}.protocol`, `must be CONNECT or POST, is "${protocol}"`);
  }
  if (!isDnsName(targetHost) && isIP(targetHost) === 0) {
    yield error(`${path}.targetHost`, `"${targetHost}" is neither a host name nor an IP address`);
  }
  yield* checkPort(targetPort, `${path}.targetPort`);
}
