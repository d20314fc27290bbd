import { chainPrefix } from './rules.ts';
import type { RuleSet } from './rules.ts';

/** What of the mesh is in a nat table now, as `iptables-save -t nat` prints it. */
export interface PresentRules {
  /** The mesh's chains. */
  readonly chains: readonly string[];
  /** `-A …` lines of the kernel's chains that jump to one of them. */
  readonly jumps: readonly string[];
  /** Number of rules in each of the mesh's chains. */
  readonly lengths: ReadonlyMap<string, number>;
}

/** Reads the output of `iptables-save -t nat`. */
export function parseSaved(text: string): PresentRules {
  const chains: string[] = [];
  const jumps: string[] = [];
  const lengths = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [first = '', chain = ''] = line.split(' ');
    if (first.startsWith(`:${chainPrefix}`)) chains.push(first.slice(1));
    else if (first === '-A' && chain.startsWith(chainPrefix)) lengths.set(chain, (lengths.get(chain) ?? 0) + 1);
    else if (first === '-A' && line.includes(` -j ${chainPrefix}`)) jumps.push(line);
  }
  return { chains, jumps, lengths };
}

/**
 * Input of `iptables-restore --noflush` that makes the mesh's part of the nat table equal to `wanted`, whatever it was,
 * in one transaction: jumps that are there are taken out, chains are emptied by being declared, superfluous chains go.
 */
export function restoreText(wanted: RuleSet, present: PresentRules): string {
  const superfluous = present.chains.filter((chain) => !wanted.chains.includes(chain));
  return [
    '*nat',
    ...[...wanted.chains, ...superfluous].map((chain) => `:${chain} - [0:0]`),
    ...present.jumps.map((jump) => jump.replace(/^-A /, '-D ')),
    ...wanted.rules.map((rule) => ['-A', rule.chain, ...rule.args].join(' ')),
    ...superfluous.map((chain) => `-X ${chain}`),
    'COMMIT',
    '',
  ].join('\n');
}

/** What of `wanted` is not there, or there more than once, in words; empty when all is well. */
export function differences(wanted: RuleSet, present: PresentRules): readonly string[] {
  const own = new Map<string, number>(wanted.chains.map((chain) => [chain, 0]));
  const kernel = new Map<string, number>();
  for (const { chain } of wanted.rules) {
    const counts = own.has(chain) ? own : kernel;
    counts.set(chain, (counts.get(chain) ?? 0) + 1);
  }
  const found: string[] = [];
  for (const [chain, count] of own) {
    const actual = present.lengths.get(chain) ?? 0;
    if (!present.chains.includes(chain)) found.push(`chain ${chain} is missing`);
    else if (actual !== count) found.push(`chain ${chain} has ${actual} rules instead of ${count}`);
  }
  for (const [chain, count] of kernel) {
    const actual = present.jumps.filter((jump) => jump.startsWith(`-A ${chain} `)).length;
    if (actual !== count) found.push(`chain ${chain} has ${actual} jumps to the mesh instead of ${count}`);
  }
  return found;
}
