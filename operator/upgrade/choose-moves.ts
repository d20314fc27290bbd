import type { Move } from './input.ts';
import type { Laggard } from './draft.ts';
import type { Workload } from './workload.ts';
import { labelOf } from './workload.ts';

export interface Choice {
  readonly moves: readonly Move[];
  /** Those whose turn has not come, and why. */
  readonly held: readonly Laggard[];
}

/**
 * Takes as many of the workloads, in their order, as there are slots, and as their PodDisruptionBudgets allow: a
 * Deployment's own rollout does not ask those (Kubernetes, "Disruptions"). `valueOf` is what a workload's annotation
 * becomes. One for which `isFree` holds is under way already and takes no slot; nor does its budget matter, which cannot
 * allow anything while its pods do not serve.
 */
export function chooseMoves(
  workloads: readonly Workload[],
  slots: number,
  valueOf: (workload: Workload) => string | undefined,
  isFree: (workload: Workload) => boolean = () => false,
): Choice {
  const moves: Move[] = [];
  const held: Laggard[] = [];
  const spent = new Map<string, number>();
  let left = slots;
  for (const workload of workloads) {
    const free = isFree(workload);
    const problem = free
      ? undefined
      : (budgetProblem(workload, spent) ?? (left <= 0 ? 'its turn has not come' : undefined));
    if (problem !== undefined) {
      held.push({ workload: labelOf(workload), message: problem });
      continue;
    }
    if (!free) {
      left -= 1;
      for (const { name } of workload.budgets) spent.set(name, (spent.get(name) ?? 0) + workload.takesDown);
    }
    moves.push({ workload, revision: valueOf(workload) });
  }
  return { moves, held };
}

function budgetProblem(
  { takesDown, budgets, desired }: Workload,
  spent: ReadonlyMap<string, number>,
): string | undefined {
  const needed = Math.min(takesDown, desired);
  if (needed === 0) return undefined;
  const tight = budgets.find(({ name, allowed }) => allowed - (spent.get(name) ?? 0) < needed);
  if (tight === undefined) return undefined;
  return (
    `its rollout takes ${String(needed)} pods away at once, and PodDisruptionBudget ${tight.name} allows ` +
    `${String(tight.allowed)}; it is waited for`
  );
}
