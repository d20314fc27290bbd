import type { HttpAnswer } from '../lib/http-server.ts';
import type { Informer } from '../lib/kube/informer.ts';
import type { KubeObject } from '../lib/kube/object.ts';

export interface ReadinessInput {
  readonly informers: readonly Pick<Informer<KubeObject>, 'name' | 'hasSynced' | 'isFollowing'>[];
  /** Undefined when nothing is admitted here. */
  readonly admission: { readonly isServing: boolean } | undefined;
}

/**
 * The answer to `/readyz`: ready once everything was listed and admission is served. A replica stays ready while the API
 * server is away, since being restarted or left out would bring nobody anything; which kinds it does not follow then
 * it says in words.
 */
export function readiness({ informers, admission }: ReadinessInput): HttpAnswer {
  const missing = informers.filter(({ hasSynced }) => !hasSynced);
  if (missing.length > 0) return notReady(`waiting for the first list of ${names(missing)}`);
  if (admission?.isServing === false) return notReady('waiting for the admission webhook');
  const behind = informers.filter(({ isFollowing }) => !isFollowing);
  const words = behind.length === 0 ? '' : `: the API server does not let us follow ${names(behind)}`;
  return { body: `ok${words}\n` };
}

function notReady(why: string): HttpAnswer {
  return { status: 503, body: `${why}\n` };
}

function names(informers: readonly { readonly name: string }[]): string {
  const distinct = [...new Set(informers.map(({ name }) => name))].sort();
  return distinct.join(', ');
}
