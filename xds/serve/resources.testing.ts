import type { ResourceType } from '../envoy/type-urls.ts';
import { EncodedResource } from '../snapshot/resource.ts';
import { ResourceSet } from '../snapshot/resource-set.ts';
import type { VisibleSets } from '../snapshot/snapshot-engine.ts';

/** A resource whose bytes are the text; serving never looks into them. */
export function resource(type: ResourceType, name: string, content = 'v1'): EncodedResource {
  return new EncodedResource(type, name, new TextEncoder().encode(`${name} ${content}`), [`Test/default/${name}`]);
}

export function nothingVisible(): VisibleSets {
  return { shared: new ResourceSet(), own: new ResourceSet() };
}

/**
 * What a proxy sees of one type: `name` or `name=content`; those that begin with `own.` are its own. The sets of
 * `before` become that; without it they are sets of another view.
 */
export function visibleOf(type: ResourceType, names: readonly string[], before = nothingVisible()): VisibleSets {
  const resources = names.map((text) => {
    const [name = '', content] = text.split('=');
    return resource(type, name, content);
  });
  const isOwn = ({ name }: EncodedResource): boolean => name.startsWith('own.');
  before.shared.replaceAll(resources.filter((it) => !isOwn(it)));
  before.own.replaceAll(resources.filter(isOwn));
  return before;
}
