import type { JsonValue } from '@bufbuild/protobuf';
import { fromBinary, toJson } from '@bufbuild/protobuf';
import { RouteConfigurationSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import type { Problem } from '../model/problem.ts';
import type { View } from '../model/view.ts';
import type { MeshLists } from '../registry/listed-mesh.testing.ts';
import { listedMesh } from '../registry/listed-mesh.testing.ts';
import { routeTypes } from '../translate/route-testing.ts';
import { hostResources } from './host-resources.ts';
import { SharedResults } from './shared-results.ts';
import { ViewSnapshot } from './view-snapshot.ts';
import { VisibleMesh } from './visible-mesh.ts';

export interface TestMesh extends MeshLists {
  readonly view?: View;
}

/** For tests: all that a view has of a mesh. */
export function testSnapshot({ view = { namespace: 'default' }, ...lists }: TestMesh): ViewSnapshot {
  const mesh = listedMesh(lists);
  const shared = new SharedResults();
  const { settings, serviceFamilies: families } = mesh;
  const snapshot = new ViewSnapshot({ settings, families });
  for (const host of mesh.hosts()) snapshot.update(host, hostResources(new VisibleMesh(mesh, view, shared), host));
  snapshot.finish();
  return snapshot;
}

/** For tests: all whole route configurations of a view in JSON, by name, and the problems found. */
export function translateTestMesh(mesh: TestMesh): {
  readonly configurations: readonly JsonValue[];
  readonly problems: readonly Problem[];
} {
  const snapshot = testSnapshot(mesh);
  const routes = [...snapshot.wholeRoutes().values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const problems = [...snapshot.problems.problems()].map((problem) => [JSON.stringify(problem), problem] as const);
  return {
    configurations: routes.map(({ value }) =>
      toJson(RouteConfigurationSchema, fromBinary(RouteConfigurationSchema, value), { registry: routeTypes }),
    ),
    problems: problems.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, problem]) => problem),
  };
}
