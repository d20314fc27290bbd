import { mebibytes, milliseconds, ratio, seconds, textTable, times } from './figures.ts';
import type { LoadReport } from './load-report.ts';

const megabytes = (value: number): string => `${value.toFixed(0)} MiB`;

/** The figures of a report that can be compared: xdsload's name, what people call it, and how it is written. */
const compared = [
  ['firstSyncAllMs', 'first sync of all', milliseconds],
  ['firstSyncServerCpuS', '  server CPU', seconds],
  ['firstSyncBytes', '  bytes', mebibytes],
  ['serverRssAfterSyncMiB', '  server memory after', megabytes],
  ['arrivalP50Ms', 'one change: arrival p50', milliseconds],
  ['arrivalP99Ms', '  p99', milliseconds],
  ['arrivalMaxMs', '  max', milliseconds],
  ['serverCpuSPerRound', '  server CPU', seconds],
  ['serverCpuSPerRoundP50', '  server CPU, median', seconds],
  ['bytesPerRound', '  bytes', mebibytes],
  ['serverRssPeakMiB', 'server memory, peak', megabytes],
] as const satisfies readonly (readonly [keyof LoadReport, string, (value: number) => string])[];

type Compared = (typeof compared)[number][0];

/** ours / peer of every figure that can be compared; one is left out where the peer's is nothing. */
export function ratios(ours: LoadReport, peer: LoadReport): Readonly<Partial<Record<Compared, number>>> {
  return Object.fromEntries(
    compared.flatMap(([name]) => {
      const value = ratio(ours[name], peer[name]);
      return value === undefined ? [] : [[name, Number(value.toPrecision(4))]];
    }),
  );
}

/** What was measured, one line each; with a peer, side by side. */
export function reportTable(ours: LoadReport, peer?: LoadReport): string {
  const reports = peer === undefined ? [ours] : [ours, peer];
  const heading = `${ours.protocol}, ${ours.change}, ${ours.services} services, ${ours.proxies} sidecars`;
  const row = (name: string, text: (report: LoadReport) => string, last = ''): readonly string[] => [
    name,
    ...reports.map(text),
    ...(peer === undefined ? [] : [last]),
  ];
  return textTable([
    [heading, ...(peer === undefined ? ['istiod'] : ['ours', 'peer', 'ours / peer'])],
    ...compared.map(([name, title, write]) =>
      row(title, (report) => write(report[name]), peer && times(ratio(ours[name], peer[name]))),
    ),
    row('rounds', ({ rounds }) => String(rounds)),
    row('lost, rejected, retries', (it) => `${it.arrivalsLost}, ${it.nacks}, ${it.connectRetries}`),
    ...(reports.some(({ clientError }) => clientError !== undefined)
      ? [row('error', ({ clientError }) => clientError ?? '')]
      : []),
  ]);
}
