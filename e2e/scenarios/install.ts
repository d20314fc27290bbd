import { deployments, events } from '../../lib/kube/resources.ts';
import { applyControlPlane, controlPlaneName, installChart, meshNamespace, uninstallMesh } from '../mesh.ts';
import type { Scenario } from '../scenario.ts';

export const install: Scenario = {
  name: 'install',
  summary: 'the chart and an empty MeshControlPlane give a control plane that is Ready, and kubectl shows it',
  async run(environment, check) {
    const { cluster, client } = environment;
    await uninstallMesh(environment);
    const started = performance.now();
    await installChart(environment);
    const chartSeconds = Math.round(performance.now() - started) / 1000;
    const readySeconds = await applyControlPlane(environment);

    const istiod = await client.get(deployments, { namespace: meshNamespace, name: 'istiod' });
    check('istiod has two available replicas', istiod?.status?.availableReplicas === 2, istiod?.status);
    const table = await cluster.kubectl(['get', 'mcp']);
    check('kubectl get mcp shows name and readiness', /^default\s.*\bTrue\b/m.test(table), table);
    const conditions = await cluster.kubectl(['get', 'mcp', controlPlaneName, '-o', 'jsonpath={.status.conditions}']);
    for (const type of ['Reconciled', 'Ready', 'Progressing', 'Degraded']) {
      check(`status has the condition ${type}`, conditions.includes(`"${type}"`), conditions);
    }
    const { items } = await client.list(events);
    const told = items.filter(({ regarding }) => regarding?.kind === 'MeshControlPlane');
    check('there are Events about the MeshControlPlane', told.length > 0);
    return { chartSeconds, readySeconds };
  },
};
