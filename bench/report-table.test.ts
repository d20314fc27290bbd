import { describe, expect, it } from 'vitest';
import type { LoadReport } from './load-report.ts';
import { ratios, reportTable } from './report-table.ts';

const ours: LoadReport = {
  ...{ protocol: 'delta', change: 'route', proxies: 100, services: 200, rounds: 20 },
  ...{ firstSyncAllMs: 500, firstSyncP99Ms: 490, firstSyncBytes: 1_048_576, firstSyncServerCpuS: 0.5 },
  ...{ serverRssAfterSyncMiB: 250, serverRssPeakMiB: 300, arrivalsLost: 0, nacks: 0, connectRetries: 2 },
  ...{ arrivalP50Ms: 10, arrivalP99Ms: 20, arrivalMaxMs: 30, bytesPerRound: 0, sidecarsTurnedAway: 0 },
  ...{ serverCpuSPerRound: 0.01, serverCpuSPerRoundP50: 0.009 },
};
const peer: LoadReport = { ...ours, firstSyncAllMs: 2_000, bytesPerRound: 0, serverCpuSPerRound: 0.5 };

describe('the report of a benchmark', () => {
  it('sets a peer beside istiod, with the ratios', () => {
    const lines = reportTable(ours, peer).split('\n');
    expect(lines[0]).toMatch(/^delta, route, 200 services, 100 sidecars +ours +peer +ours \/ peer$/);
    expect(lines).toContainEqual(expect.stringMatching(/^first sync of all +500 ms +2000 ms +0\.25$/));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}server CPU +0\.010 s +0\.500 s +0\.020$/));
  });

  it('has one column of figures without a peer', () => {
    expect(reportTable(ours)).toMatch(/^first sync of all +500 ms$/m);
  });

  it('names ratios as xdsload names the figures, and leaves out what compares with nothing', () => {
    expect(ratios(ours, peer)).toMatchObject({ firstSyncAllMs: 0.25, serverCpuSPerRound: 0.02, arrivalP50Ms: 1 });
    expect(ratios(ours, peer)).not.toHaveProperty('bytesPerRound');
  });
});
