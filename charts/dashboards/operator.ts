import type { Dashboard } from '../dashboard.ts';
import { processPanels, quantiles, rate } from './queries.ts';

const leader = 'leader_election_master_status{name="meltemi-operator"}';
/** Other operators of the cluster export metrics of the same names. */
const ours = '{controller=~"namespaces|.+[.]meltemi[.]dev"}';
const ourQueues = '{name=~"namespaces|.+[.]meltemi[.]dev"}';

export const operatorDashboard: Dashboard = {
  name: 'operator',
  title: 'Meltemi / Operator',
  description: 'The operator and the control planes that it keeps.',
  panels: [
    {
      title: 'Replicas that lead',
      description: 'One, but for the seconds in which another takes over.',
      show: 'number',
      unit: 'short',
      queries: [{ expr: `sum(${leader})`, legend: 'leaders' }],
    },
    {
      title: 'Control planes',
      description: 'MeshControlPlanes, and how many of them are ready.',
      show: 'number',
      unit: 'short',
      queries: [
        {
          expr: 'count(max by (control_plane) (meltemi_control_plane_condition{condition="Ready"}))',
          legend: 'all',
        },
        {
          expr: 'sum(max by (control_plane) (meltemi_control_plane_condition{condition="Ready"}))',
          legend: 'ready',
        },
      ],
    },
    {
      title: 'Degraded',
      description: 'MeshControlPlanes of which something is wrong that will hardly pass by itself.',
      show: 'number',
      unit: 'short',
      queries: [
        {
          expr: 'sum(max by (control_plane) (meltemi_control_plane_condition{condition="Degraded"}))',
          legend: 'degraded',
        },
      ],
    },
    {
      title: 'Sidecars',
      description: 'Connected to the control planes, as the operator knows from their reports.',
      show: 'number',
      unit: 'short',
      queries: [
        {
          expr: 'sum(max by (control_plane, revision) (meltemi_control_plane_proxies_connected))',
          legend: 'connected',
        },
      ],
    },
    {
      title: 'Conditions',
      description: 'Of each MeshControlPlane: 1 where the condition is True.',
      show: 'graph',
      unit: 'short',
      queries: [
        {
          expr: 'max by (control_plane, condition) (meltemi_control_plane_condition)',
          legend: '{{control_plane}} {{condition}}',
        },
      ],
    },
    {
      title: 'Sidecars by revision',
      description: 'Connected sidecars of each revision and version.',
      show: 'graph',
      unit: 'short',
      queries: [
        {
          expr: 'max by (revision, version) (meltemi_control_plane_proxies_connected)',
          legend: '{{revision}} {{version}}',
        },
      ],
    },
    {
      title: 'Reconciles',
      description: 'By what is reconciled, and how it ended.',
      show: 'graph',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (controller, result) (${rate(`controller_runtime_reconcile_total${ours}`)})`,
          legend: '{{controller}} {{result}}',
        },
      ],
    },
    {
      title: 'Duration of a reconcile',
      description: 'From taking a key to having written what comes of it.',
      show: 'graph',
      unit: 's',
      queries: quantiles(`controller_runtime_reconcile_time_seconds${ours}`),
    },
    {
      title: 'Writes',
      description: 'To the API server, by verb and resource. Nothing while nothing changes.',
      show: 'graph',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (verb, resource) (${rate('meltemi_operator_writes_total')})`,
          legend: '{{verb}} {{resource}}',
        },
      ],
    },
    {
      title: 'Keys that wait',
      description: 'In the queue of each kind.',
      show: 'graph',
      unit: 'short',
      queries: [
        { expr: `max by (name) (workqueue_depth${ourQueues} and on (instance) ${leader})`, legend: '{{name}}' },
      ],
    },
    {
      title: 'Objects in the cache',
      description: 'What each replica holds, by resource.',
      show: 'graph',
      unit: 'short',
      queries: [
        { expr: `max by (resource) (meltemi_informer_objects and on (instance) ${leader})`, legend: '{{resource}}' },
      ],
    },
    ...processPanels(leader),
  ],
};
