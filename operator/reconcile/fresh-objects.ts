import type { KubeObject } from '../../lib/kube/object.ts';

interface Answer {
  /** Versions that are known to be older than it. */
  readonly older: ReadonlySet<string>;
  readonly object: KubeObject;
}

/**
 * Bridges the moment between a write and its arrival in the informer: as long as an informer still has a version that
 * a write was based on, the answer to that write is newer. Without it, a second look within that moment would write
 * and announce everything twice.
 */
export class FreshObjects {
  readonly #answers = new Map<string, Answer>();

  /** The newer of what the informer has and what the last write was answered by. */
  latest<T extends KubeObject>(seen: T): T {
    const { uid = '', resourceVersion = '' } = seen.metadata;
    const answer = this.#answers.get(uid);
    if (answer === undefined) return seen;
    // Same uid, so the same object and type.
    if (answer.older.has(resourceVersion)) return answer.object as T;
    this.#answers.delete(uid);
    return seen;
  }

  /** `base` is the object as it was when the write was decided. */
  remember(base: KubeObject, answer: KubeObject): void {
    const { uid, resourceVersion } = base.metadata;
    if (uid === undefined || resourceVersion === undefined) return;
    if (answer.metadata.uid !== uid || answer.metadata.resourceVersion === resourceVersion) return;
    const known = this.#answers.get(uid);
    const isNext = known?.object.metadata.resourceVersion === resourceVersion;
    this.#answers.set(uid, { older: new Set([...(isNext ? known.older : []), resourceVersion]), object: answer });
  }
}
