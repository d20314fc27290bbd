import { meshRevisions } from '../../crds/kinds.ts';
import type { RevisionRecord } from '../revisions/revision-record.ts';
import { bareSpec } from '../revisions/revision-record.ts';
import { ownedLabels } from '../names.ts';
import type { DesiredObject } from './desired.ts';
import { desired } from './desired.ts';

/** The MeshRevision itself. */
export function revisionObject({ name, spec }: RevisionRecord): DesiredObject {
  const metadata = { name, labels: ownedLabels(spec.controlPlane, spec.revision) };
  return desired(meshRevisions, metadata, { spec: bareSpec(spec) });
}
