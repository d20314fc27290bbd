/** Why a version may not follow another without `force`, as a sentence; undefined when it may. */
export function versionObjection(from: string, to: string, force: boolean): string | undefined {
  const older = numbersOf(from);
  const newer = numbersOf(to);
  if (force || older === undefined || newer === undefined) return undefined;
  const hint = 'set spec.upgrade.force to do it all the same';
  if (compare(newer, older) < 0) return `${to} is older than ${from}, which runs; ${hint}`;
  const [fromMajor, fromMinor] = older;
  const [toMajor, toMinor] = newer;
  if (toMajor !== fromMajor) return `from ${from} to ${to} is another major version; ${hint}`;
  if (toMinor <= fromMinor + 1) return undefined;
  return `from ${from} to ${to} leaves out ${String(toMajor)}.${String(fromMinor + 1)}; upgrade to that first, or ${hint}`;
}

type Numbers = readonly [major: number, minor: number, patch: number];

function numbersOf(version: string): Numbers | undefined {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

function compare(a: Numbers, b: Numbers): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
