import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chainPrefix } from './rules.ts';

/** The `iptables` binaries of one family and kernel interface. */
export interface IptablesTool {
  readonly save: string;
  readonly restore: string;
}

/** Runs a program, gives its standard output; throws an Error with its standard error when it fails. */
export type Run = (program: string, args: readonly string[], input?: string) => string;

export const runProgram: Run = (program, args, input) => {
  try {
    return execFileSync(program, [...args], { input: input ?? '', encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    throw new Error(`${[program, ...args].join(' ')}: ${failureText(error)}`, { cause: error });
  }
};

function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('stderr' in error && typeof error.stderr === 'string' && error.stderr.trim() !== '') return error.stderr.trim();
  return 'code' in error && error.code === 'ENOENT' ? 'no such program' : error.message;
}

/**
 * The tool to use for a family: the one whose nat table has rules already (a table of each kernel interface is looked
 * at by the kernel, in an order that nobody should rely on), else nf_tables, else legacy. Throws when none works.
 */
export function chooseTool(
  family: 4 | 6,
  run: Run = runProgram,
  legacyTables = readLegacyTables(family),
): IptablesTool {
  const name = family === 4 ? 'iptables' : 'ip6tables';
  const nft = { save: `${name}-nft-save`, restore: `${name}-nft-restore` };
  const legacy = { save: `${name}-legacy-save`, restore: `${name}-legacy-restore` };
  const problems: string[] = [];
  const rules = (tool: IptablesTool): readonly string[] | undefined => {
    try {
      return run(tool.save, ['-t', 'nat'])
        .split('\n')
        .filter((line) => line.startsWith('-A') || line.startsWith(`:${chainPrefix}`));
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  const nftRules = rules(nft);
  if (nftRules !== undefined && nftRules.length > 0) return nft;
  // Asking a legacy table for its rules makes it, so it is asked only where it is there or there is nothing else.
  if (nftRules !== undefined && !legacyTables.includes('nat')) return nft;
  const legacyRules = rules(legacy);
  if (legacyRules !== undefined && (legacyRules.length > 0 || nftRules === undefined)) return legacy;
  if (nftRules !== undefined) return nft;
  throw new Error(`no ${name} works here: ${problems.join('; ')}`);
}

/** Names of the legacy tables that this network namespace has. */
function readLegacyTables(family: 4 | 6): readonly string[] {
  try {
    return readFileSync(`/proc/net/${family === 4 ? 'ip_tables_names' : 'ip6_tables_names'}`, 'utf8').split('\n');
  } catch {
    return [];
  }
}
