import type { Problem } from '../model/problem.ts';

/** Problems, each as often as somebody has it. */
export class ProblemCount {
  readonly #counts = new Map<string, { readonly problem: Problem; count: number }>();
  #sequence = 0;

  /** Counts how often a problem came or went. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Takes some out, puts others in. */
  replace(before: readonly Problem[], after: readonly Problem[]): void {
    for (const problem of after) this.#add(problem);
    for (const problem of before) this.#remove(problem);
  }

  get size(): number {
    return this.#counts.size;
  }

  *problems(): Iterable<Problem> {
    for (const { problem } of this.#counts.values()) yield problem;
  }

  #add(problem: Problem): void {
    const key = JSON.stringify(problem);
    const known = this.#counts.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    this.#counts.set(key, { problem, count: 1 });
    this.#sequence++;
  }

  #remove(problem: Problem): void {
    const key = JSON.stringify(problem);
    const known = this.#counts.get(key);
    if (known === undefined || --known.count > 0) return;
    this.#counts.delete(key);
    this.#sequence++;
  }
}
