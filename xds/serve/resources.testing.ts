import type { ResourceType } from '../envoy/type-urls.ts';
import type { EncodedResource } from '../snapshot/resource.ts';
import { resourceFromBytes } from '../snapshot/resource.ts';
import { resourceSet } from '../snapshot/resource-set.ts';
import type { VisibleSets } from './subscription.ts';
import { nothingVisible } from './subscription.ts';

/** A resource whose bytes are the text; serving never looks into them. */
export function resource(type: ResourceType, name: string, content = 'v1'): EncodedResource {
  return resourceFromBytes(type, name, new TextEncoder().encode(`${name} ${content}`));
}

/** What a proxy sees of one type: `name` or `name=content`; those that begin with `own.` are its own. */
export function visibleOf(type: ResourceType, names: readonly string[], before = nothingVisible): VisibleSets {
  const resources = names.map((text) => {
    const [name = '', content] = text.split('=');
    return resource(type, name, content);
  });
  const isOwn = ({ name }: EncodedResource): boolean => name.startsWith('own.');
  return {
    shared: resourceSet(
      resources.filter((it) => !isOwn(it)),
      before.shared,
    ),
    own: resourceSet(resources.filter(isOwn), before.own),
  };
}
