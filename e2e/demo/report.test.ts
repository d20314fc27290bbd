import { describe, expect, it } from 'vitest';
import { renderReport } from './report.ts';

const client = {
  requests: 300,
  failedRequests: 0,
  resetConnections: 0,
  versions: { v1: 273, v2: 27 },
  statuses: { 200: 300 },
  clients: { 'spiffe://cluster.local/ns/quotes/sa/front': 300 },
  servers: { 'spiffe://cluster.local/ns/quotes/sa/quotes': 300 },
  unauthenticated: 0,
  errors: {},
  failedBetweenSeconds: [],
  seconds: 1,
  p50Ms: 1.5,
  p99Ms: 7,
};

describe('renderReport', () => {
  const text = renderReport({
    client,
    wanted: { v1: 90, v2: 10, v3: 0 },
    controlPlanes: 'NAME      READY\ndefault   True\n',
    kubectl: 'kubectl --context demo',
    namespace: 'quotes',
    down: 'npm run demo -- down',
    seconds: 61.4,
  });

  it('sets what was reached beside what was asked for', () => {
    expect(text).toMatch(/quotes v1\s+90 %\s+273\s+91\.0 %/);
    expect(text).toMatch(/quotes v2\s+10 %\s+27\s+9\.0 %/);
    expect(text).toMatch(/quotes v3\s+0 %\s+0\s+0\.0 %/);
  });

  it('names both authenticated ends', () => {
    expect(text).toContain('in 300 of 300 answered requests both ends were authenticated');
    expect(text).toContain('client  spiffe://cluster.local/ns/quotes/sa/front (300)');
    expect(text).toContain('server  spiffe://cluster.local/ns/quotes/sa/quotes (300)');
  });

  it('shows the control plane and how to go on', () => {
    expect(text).toContain('default   True');
    expect(text).toContain('npm run demo -- down');
  });
});
