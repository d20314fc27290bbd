import fc from 'fast-check';
import type { ResourceType } from '../envoy/type-urls.ts';
import { sendOrder } from '../envoy/type-urls.ts';
import { nothingVisibleOfAnyType } from './connection-client.testing.ts';
import { routeOf } from './delta-client.testing.ts';
import { visibleOf } from './resources.testing.ts';

export const clusters = ['a', 'b', 'own.c'];
const ports = ['80', '81', '82'];
export const hosts = ports.flatMap((port) => ['x', 'y', 'z'].map((host) => `${port}/${host}`));
export const namesOf: Record<ResourceType, readonly string[]> = {
  cluster: clusters,
  endpoint: clusters,
  listener: ports,
  route: ports,
  virtualHost: hosts,
};

interface Change {
  readonly type: ResourceType;
  readonly name: string;
  /** Undefined where it goes. Of what uses clusters: the cluster that it uses, or `bad`. */
  readonly content: string | undefined;
}

export type Step =
  | { readonly do: 'change'; readonly changes: readonly Change[]; readonly isTold: boolean }
  | { readonly do: 'answer'; readonly type: ResourceType }
  | { readonly do: 'leave routes' | 'reconnect' | 'fill' | 'drain' | 'settle' | 'wait' };

function changeOf(contents: readonly string[]): fc.Arbitrary<Change> {
  const name = fc
    .constantFrom(...sendOrder)
    .chain((type) => fc.record({ type: fc.constant(type), name: fc.constantFrom(...namesOf[type]) }));
  const content = fc.option(fc.constantFrom(...contents), { nil: undefined, freq: 3 });
  return fc.tuple(name, content).map(([what, content]) => ({ ...what, content }));
}

export function stepsOf(
  contents: readonly string[],
  others: readonly Exclude<Step['do'], 'change' | 'answer'>[],
): fc.Arbitrary<readonly Step[]> {
  const changes = fc.array(changeOf(contents), { minLength: 1, maxLength: 12, size: 'max' });
  const change = fc.record({ do: fc.constant('change' as const), changes, isTold: fc.boolean() });
  const answer = fc.record({ do: fc.constant('answer' as const), type: fc.constantFrom(...sendOrder) });
  const other = fc.record({ do: fc.constantFrom(...others) });
  return fc.array(
    fc.oneof({ weight: 4, arbitrary: change }, { weight: 8, arbitrary: answer }, { weight: 3, arbitrary: other }),
    {
      maxLength: 40,
      size: 'max',
    },
  );
}

/** What is visible, kept so that it makes sense: nothing uses a cluster that is not there. */
export class Mesh {
  readonly visible = nothingVisibleOfAnyType();
  readonly #contents = new Map<string, string>();

  change({ type, name, content }: Change): void {
    if (content === undefined) this.#contents.delete(`${type} ${name}`);
    else this.#contents.set(`${type} ${name}`, content);
  }

  /** What a resource says now. */
  contentOf(type: ResourceType, name: string): string | undefined {
    const content = this.#contents.get(`${type} ${name}`);
    if (content === undefined || (type === 'virtualHost' && this.contentOf('route', routeOf(name)) === undefined))
      return undefined;
    if (type === 'cluster' || type === 'endpoint' || content === 'bad') return content;
    const cluster = this.#contents.get(`cluster ${content}`);
    return cluster === undefined || cluster === 'bad' ? 'nothing' : content;
  }

  publish(): void {
    for (const type of sendOrder) {
      const texts = namesOf[type].flatMap((name) => {
        const content = this.contentOf(type, name);
        return content === undefined ? [] : [`${name}=${content}`];
      });
      visibleOf(type, texts, this.visible[type]);
    }
  }
}
