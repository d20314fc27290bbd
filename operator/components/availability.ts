import { horizontalPodAutoscalers, podDisruptionBudgets } from '../../lib/kube/resources.ts';
import { istiodName, istiodSelector } from '../names.ts';
import type { DesiredObject } from './desired.ts';
import { desired } from './desired.ts';
import { inNamespace } from './metadata.ts';
import type { Revision } from './revision.ts';

/** Fewest replicas that there will be. */
function fewestReplicas({ spec: { pilot } }: Revision): number {
  return pilot.autoscaling.enabled ? pilot.autoscaling.minReplicas : pilot.replicas;
}

/** Drains take one replica at a time. A lone replica gets no budget, since it would block every drain of its node. */
export function disruptionBudget(revision: Revision): readonly DesiredObject[] {
  if (fewestReplicas(revision) < 2) return [];
  return [
    desired(podDisruptionBudgets, inNamespace(revision, istiodName(revision.name)), {
      spec: {
        maxUnavailable: 1,
        selector: { matchLabels: istiodSelector(revision.name) },
        // A pod that is not ready protects nothing; without this it could hold a drain up for ever.
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    }),
  ];
}

export function autoscaler(revision: Revision): readonly DesiredObject[] {
  const { autoscaling } = revision.spec.pilot;
  if (!autoscaling.enabled) return [];
  const name = istiodName(revision.name);
  return [
    desired(horizontalPodAutoscalers, inNamespace(revision, name), {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        minReplicas: autoscaling.minReplicas,
        maxReplicas: autoscaling.maxReplicas,
        metrics: [
          {
            type: 'Resource',
            resource: {
              name: 'cpu',
              target: { type: 'Utilization', averageUtilization: autoscaling.targetCPUUtilizationPercentage },
            },
          },
        ],
      },
    }),
  ];
}
