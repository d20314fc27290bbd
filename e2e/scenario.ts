import { describeError } from '../lib/errors.ts';
import { ports } from '../lib/ports.ts';
import type { Environment } from './environment.ts';
import { meshNamespace } from './mesh.ts';
import { podMetrics, total } from './pod-metrics.ts';

const istiodMetrics = { namespace: meshNamespace, labelSelector: 'app=istiod', port: ports.istiodMonitoring };

/** Figures of a scenario, printed as JSON; times are in seconds. */
export type Figures = Readonly<Record<string, unknown>>;

/** What a user does, end to end. Each runs alone: it brings up what it needs, and removes what it made. */
export interface Scenario {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Takes long, and runs only when it is named. */
  readonly onRequest?: true;
  readonly run: (environment: Environment, check: Check) => Promise<Figures>;
}

/** Notes whether something holds; a scenario goes on after one that does not. */
export type Check = (what: string, holds: boolean, found?: unknown) => void;

export interface ScenarioResult {
  readonly scenario: string;
  readonly passed: number;
  readonly failed: readonly string[];
  readonly seconds: number;
  readonly figures: Figures;
}

export async function runScenario(scenario: Scenario, environment: Environment): Promise<ScenarioResult> {
  const started = performance.now();
  const failed: string[] = [];
  let passed = 0;
  let figures: Figures = {};
  const check: Check = (what, holds, found) => {
    const shown = found === undefined ? '' : ` (found ${JSON.stringify(found)})`;
    environment.progress(`  ${holds ? '✓' : '✗'} ${what}${holds ? '' : shown}`);
    if (holds) passed++;
    else failed.push(`${what}${shown}`);
  };
  try {
    figures = await scenario.run(environment, check);
    const istiods = await podMetrics(environment, istiodMetrics);
    if (istiods.length > 0) {
      const rejected = total(istiods, 'pilot_total_xds_rejects');
      check('no proxy rejected what it was sent', rejected === 0, rejected);
    }
  } catch (error) {
    check(`${scenario.name} runs to its end`, false, describeError(error));
  }
  const seconds = Math.round(performance.now() - started) / 1000;
  return { scenario: scenario.name, passed, failed, seconds, figures };
}
