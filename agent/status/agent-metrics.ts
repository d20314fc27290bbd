/** One metric of the agent: few and simple, so that they need no library. */
export interface AgentMetric {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** Values by their labels, `{a="b"}` or empty. */
  readonly samples: readonly (readonly [labels: string, value: number])[];
}

/** Prometheus' text format. */
export function renderAgentMetrics(metrics: readonly AgentMetric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, type, help, samples }) =>
      [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
        '',
      ].join('\n'),
    )
    .join('');
}
