import { meshRevisionTags } from '../../crds/kinds.ts';
import type { Stores } from './world.ts';
import { gatherTag, tagStatus } from './tag-status.ts';
import type { StatusContext } from './write-status.ts';
import { report } from './write-status.ts';

export interface TagContext extends StatusContext {
  readonly stores: Stores;
  readonly now: () => Date;
}

/** Writes into the status of a tag where it leads. What it brings about is for the control plane that it leads to. */
export async function reconcileTag(context: TagContext, name: string): Promise<void> {
  const seen = context.stores.tags.get(undefined, name);
  if (seen === undefined || seen.metadata.deletionTimestamp !== undefined) return;
  const tag = context.fresh.latest(seen);
  const status = tagStatus(tag, gatherTag(context.stores, name), context.now());
  await report(context, meshRevisionTags, tag, status);
}
