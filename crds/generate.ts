import { dump } from 'js-yaml';
import { crdName, customResourceDefinition } from './custom-resource-definition.ts';
import { kinds } from './kinds.ts';
import { meshControlPlane } from './mesh-control-plane.ts';
import { meshRevision } from './mesh-revision.ts';
import { meshRevisionTag } from './mesh-revision-tag.ts';
import { referencePage } from './reference.ts';

const crdFolder = 'charts/meltemi/files/crds';
const referenceFolder = 'docs/reference';
/** No anchors, which not every reader takes, and lists at the level of their key, as kubectl writes them. */
const yamlStyle = { noRefs: true, seqNoIndent: true, lineWidth: -1 };
const notice = '# Generated from crds/ by `npm run generate`; edit the schema there.\n';

/**
 * The chart's CustomResourceDefinitions as YAML, by path from the root of the repository. A template of the chart puts
 * them in, and they are not in its `crds/` folder, since Helm upgrades only what templates make.
 */
export function renderedCrds(): ReadonlyMap<string, string> {
  return new Map(
    kinds.map((kind) => [
      `${crdFolder}/${crdName(kind)}.yaml`,
      notice + dump(customResourceDefinition(kind), yamlStyle),
    ]),
  );
}

/** The reference pages for users in Markdown, by path from the root of the repository. */
export function renderedReference(): ReadonlyMap<string, string> {
  return new Map([
    [`${referenceFolder}/mesh-control-plane.md`, referencePage(meshControlPlane)],
    [`${referenceFolder}/mesh-revision.md`, referencePage(meshRevision)],
    [`${referenceFolder}/mesh-revision-tag.md`, referencePage(meshRevisionTag)],
  ]);
}
