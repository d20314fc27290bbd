import { ratio, seconds, textTable, times } from './figures.ts';
import type { LoadReport } from './load-report.ts';

/** The same change in two meshes. */
export interface ScalingPair {
  readonly change: string;
  readonly small: LoadReport;
  readonly large: LoadReport;
}

/** How what a change costs grows with the mesh: figures of the small one, of the large one, and large / small. */
export interface Scaling {
  readonly change: string;
  readonly services: readonly [number, number];
  readonly serverCpuSPerRound: readonly [number, number];
  readonly serverCpuSPerRoundP50: readonly [number, number];
  readonly bytesPerRound: readonly [number, number];
  readonly cpuRatio: number | undefined;
  readonly cpuP50Ratio: number | undefined;
  readonly bytesRatio: number | undefined;
  /** Neither grows by more than a tenth. */
  readonly constant: boolean;
}

const tolerance = 1.1;

export function scalingOf({ change, small, large }: ScalingPair): Scaling {
  const cpuRatio = ratio(large.serverCpuSPerRound, small.serverCpuSPerRound);
  const bytesRatio = ratio(large.bytesPerRound, small.bytesPerRound);
  return {
    change,
    services: [small.services, large.services],
    serverCpuSPerRound: [small.serverCpuSPerRound, large.serverCpuSPerRound],
    serverCpuSPerRoundP50: [small.serverCpuSPerRoundP50, large.serverCpuSPerRoundP50],
    bytesPerRound: [small.bytesPerRound, large.bytesPerRound],
    cpuRatio,
    cpuP50Ratio: ratio(large.serverCpuSPerRoundP50, small.serverCpuSPerRoundP50),
    bytesRatio,
    constant: [cpuRatio, bytesRatio].every((it) => it !== undefined && it <= tolerance),
  };
}

export function scalingTable(all: readonly Scaling[]): string {
  const [small = 0, large = 0] = all[0]?.services ?? [];
  return textTable([
    ['one change', `${small} services`, `${large} services`, 'large / small'],
    ...all.flatMap((it) => [
      [`${it.change}: server CPU`, ...it.serverCpuSPerRound.map(seconds), times(it.cpuRatio)],
      ['  server CPU, median', ...it.serverCpuSPerRoundP50.map(seconds), times(it.cpuP50Ratio)],
      ['  bytes', ...it.bytesPerRound.map((bytes) => `${(bytes / 1024).toFixed(1)} KiB`), times(it.bytesRatio)],
      ['  the same within a tenth', '', '', it.constant ? 'yes' : 'no'],
    ]),
  ]);
}
