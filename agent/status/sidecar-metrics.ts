import { memoryUsage } from 'node:process';
import { version } from '../../lib/version.ts';
import type { WorkloadCertificate } from '../certificate/workload-certificate.ts';
import type { EnvoySupervisor } from '../envoy/supervisor.ts';
import { renderAgentMetrics } from './agent-metrics.ts';

/** The agent's own metrics; those that Istio's agent has, too, are named as there. */
export function sidecarMetrics(parts: { readonly certificate: WorkloadCertificate; readonly envoy: EnvoySupervisor }): {
  readonly render: () => string;
  readonly scrapeFailed: (source: 'envoy' | 'application') => void;
} {
  const { certificate, envoy } = parts;
  const started = Math.floor(Date.now() / 1000 - process.uptime());
  const failures = { envoy: 0, application: 0 };
  const render = (): string => {
    const { current, counts } = certificate;
    const left =
      current === undefined ? [] : [['{resource_name="default"}', (current.notAfter - Date.now()) / 1000] as const];
    return renderAgentMetrics([
      gauge('istio_build', 'Version of the agent.', [[`{component="agent",tag="${version}"}`, 1]]),
      gauge('istio_agent_cert_expiry_seconds', 'Seconds until the workload certificate expires.', left),
      counter('istio_agent_certificates_issued_total', 'Certificates that the agent has got.', [['', counts.issued]]),
      counter('istio_agent_certificate_failures_total', 'Attempts to get a certificate that failed.', [
        ['', counts.failed],
      ]),
      counter('istio_agent_envoy_starts_total', 'Times that this agent has started Envoy.', [['', envoy.starts]]),
      counter(
        'istio_agent_scrape_failures_total',
        'Sources of metrics that could not be read.',
        Object.entries(failures).map(([source, count]) => [`{type="${source}"}`, count]),
      ),
      gauge('istio_agent_process_start_time_seconds', 'When the agent started, seconds of the epoch.', [['', started]]),
      gauge('istio_agent_process_resident_memory_bytes', 'Resident memory of the agent, shared pages included.', [
        ['', memoryUsage.rss()],
      ]),
    ]);
  };
  return { render, scrapeFailed: (source) => (failures[source] += 1) };
}

type Samples = readonly (readonly [labels: string, value: number])[];

const gauge = (name: string, help: string, samples: Samples) => ({ name, type: 'gauge', help, samples }) as const;
const counter = (name: string, help: string, samples: Samples) => ({ name, type: 'counter', help, samples }) as const;
