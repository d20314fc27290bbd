import { readFileSync } from 'node:fs';
import { describeError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { sidecar } from '../../lib/sidecar.ts';
import { applyRules } from './apply.ts';
import { parseCaptureFlags } from './flags.ts';
import { captureRules } from './rules.ts';
import { runProgram } from './tool.ts';

/** `pilot-agent iptables <flags>`: the init container. Throws when the pod's traffic would not be captured. */
export function runIptables(args: readonly string[], log: Logger): void {
  const options = parseCaptureFlags(args);
  applyRules(captureRules(options, 4), log);
  const addresses = ipv6Addresses();
  if (addresses === 'none') {
    log.info('the pod has no IPv6, so there is nothing of it to capture');
    return;
  }
  try {
    applyRules(captureRules(options, 6), log);
    addSourceAddress(log);
  } catch (error) {
    if (addresses === 'routable') throw error;
    log.info('IPv6 is not captured: ip6tables does not work here, and the pod has no IPv6 address', {
      reason: describeError(error),
    });
  }
}

/** Whether the pod has IPv6 addresses that others can reach, or only those of its own links, or none. */
function ipv6Addresses(): 'routable' | 'local' | 'none' {
  let text: string;
  try {
    text = readFileSync('/proc/net/if_inet6', 'utf8');
  } catch {
    return 'none';
  }
  // Columns: address, interface index, prefix length, scope (00 is global), flags, interface.
  const scopes = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[3])
    .filter((scope) => scope !== undefined);
  if (scopes.length === 0) return 'none';
  return scopes.includes('00') ? 'routable' : 'local';
}

/** Unlike 127.0.0.6, which is an address of loopback without being told, ::6 must be made one. */
function addSourceAddress(log: Logger): void {
  const address = `${sidecar.uncapturedSource.ipv6}/128`;
  try {
    runProgram('ip', ['-6', 'addr', 'replace', address, 'dev', 'lo']);
  } catch (error) {
    log.warn(
      'the source address of connections to the application could not be added; IPv6 calls to ports that no service names will fail',
      {
        address,
        reason: describeError(error),
      },
    );
  }
}
