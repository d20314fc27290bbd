import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { envoyBinary } from '../../e2e/cluster/envoy-binary.ts';
import { sidecar } from '../../lib/sidecar.ts';
import { readSettings } from '../settings.ts';
import { bootstrap } from './bootstrap.ts';

it.each([
  ['IPv4', '10.0.0.5', 'istiod.meltemi-system.svc:15012'],
  ['IPv6', 'fd00::5', '[fd00::1]:15012'],
])('the bootstrap of an %s pod is accepted by Envoy', async (_family, ip, address) => {
  const settings = readSettings({
    POD_NAME: 'front-1',
    POD_NAMESPACE: 'shop',
    INSTANCE_IPS: ip,
    SERVICE_ACCOUNT: 'front',
    DISCOVERY_ADDRESS: address,
  });
  const folder = mkdtempSync(join(tmpdir(), 'meltemi-bootstrap-'));
  try {
    const file = join(folder, 'bootstrap.json');
    writeFileSync(file, JSON.stringify(bootstrap(settings, { app: 'front' }, sidecar.sdsSocket)));
    const output = execFileSync(await envoyBinary(), ['--mode', 'validate', '-c', file, '-l', 'warning'], {
      encoding: 'utf8',
    });
    expect(output).toContain('OK');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
