import type { Dashboard } from '../dashboard.ts';
import { rate } from './queries.ts';

export const certificatesDashboard: Dashboard = {
  name: 'certificates',
  title: 'Meltemi / Certificates',
  description: 'The certificate authority: until when it lasts, and what it signs.',
  panels: [
    {
      title: 'Root certificate',
      description: 'Time until the first root of any control plane ends.',
      show: 'number',
      unit: 's',
      queries: [{ expr: 'min(citadel_server_root_cert_expiry_timestamp) - time()', legend: 'left' }],
    },
    {
      title: 'Signing certificate',
      description: 'Time until the certificate ends that signs those of workloads.',
      show: 'number',
      unit: 's',
      queries: [{ expr: 'min(citadel_server_cert_chain_expiry_timestamp) - time()', legend: 'left' }],
    },
    {
      title: 'Signed in an hour',
      description: 'Certificates of workloads.',
      show: 'number',
      unit: 'short',
      queries: [{ expr: 'sum(increase(citadel_server_success_cert_issuance_count[1h]))', legend: 'signed' }],
    },
    {
      title: 'Refused in an hour',
      description: 'Requests without a certificate for an answer, whatever the reason.',
      show: 'number',
      unit: 'short',
      queries: [
        {
          expr: 'sum(increase(citadel_server_csr_count[1h])) - sum(increase(citadel_server_success_cert_issuance_count[1h]))',
          legend: 'refused',
        },
      ],
    },
    {
      title: 'Requests',
      description: 'Received, and answered with a certificate.',
      show: 'graph',
      unit: 'ops',
      queries: [
        { expr: `sum(${rate('citadel_server_csr_count')})`, legend: 'received' },
        { expr: `sum(${rate('citadel_server_success_cert_issuance_count')})`, legend: 'signed' },
      ],
    },
    {
      title: 'Refusals',
      description: 'By what was wrong.',
      show: 'graph',
      unit: 'ops',
      queries: [
        { expr: `sum(${rate('citadel_server_authentication_failure_count')})`, legend: 'caller not authenticated' },
        { expr: `sum(${rate('citadel_server_csr_parsing_err_count')})`, legend: 'request at fault' },
        {
          expr: `sum(${rate('citadel_server_csr_sign_err_count{error!~"CSR_ERROR|TTL_ERROR"}')})`,
          legend: 'could not be signed',
        },
      ],
    },
  ],
};
