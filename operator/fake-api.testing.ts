import type { KubeClient, ObjectToWrite } from '../lib/kube/client.ts';
import { KubeError } from '../lib/kube/error.ts';
import type { KubeObject, ObjectRef } from '../lib/kube/object.ts';
import { formatKey } from '../lib/kube/object.ts';
import type { Resource } from '../lib/kube/resources.ts';

/** As much of an API server as the operator's unit tests need: objects by kind and name, and a journal of the writes. */
export interface FakeApi extends KubeClient {
  /** `apply Deployment istio-system/istiod`, in order. */
  readonly writes: readonly string[];
  /** Puts an object there without a word in the journal. */
  seed(resource: Resource, object: KubeObject): void;
  /** Takes it away without a word in the journal. */
  remove(resource: Resource, ref: ObjectRef): void;
  objects(resource: Resource): readonly KubeObject[];
  /** The next write whose journal line this is fails with the error. */
  failOnce(write: string, error: Error): void;
}

export function fakeApi(): FakeApi {
  const kinds = new Map<Resource, Map<string, KubeObject>>();
  const writes: string[] = [];
  const failures = new Map<string, Error>();
  let version = 100;
  const of = (resource: Resource): Map<string, KubeObject> => {
    const known = kinds.get(resource) ?? new Map<string, KubeObject>();
    kinds.set(resource, known);
    return known;
  };
  const key = ({ namespace, name }: ObjectRef): string => formatKey(namespace, name);
  const journal = (verb: string, resource: Resource, ref: ObjectRef, subresource?: string): void => {
    const line = `${verb} ${resource.kind}${subresource === undefined ? '' : `/${subresource}`} ${key(ref)}`;
    writes.push(line);
    const failure = failures.get(line);
    failures.delete(line);
    if (failure !== undefined) throw failure;
  };
  const store = (resource: Resource, object: ObjectToWrite): KubeObject => {
    const before = of(resource).get(key(object.metadata));
    const uid = before?.metadata.uid ?? `uid-${key(object.metadata)}`;
    const metadata = { ...before?.metadata, ...object.metadata, uid, resourceVersion: String(++version) };
    const stored = { ...before, ...object, metadata };
    of(resource).set(key(object.metadata), stored);
    return stored;
  };
  const write =
    (verb: string) =>
    <T extends KubeObject>(
      resource: Resource<T>,
      object: ObjectToWrite,
      options: { readonly subresource?: string } = {},
    ): Promise<T> =>
      Promise.resolve().then(() => {
        journal(verb, resource, object.metadata, options.subresource);
        return store(resource, object) as T;
      });
  const unused = (): never => {
    throw new Error('not part of the fake');
  };
  return {
    server: 'https://fake',
    writes,
    seed: (resource, object) => void of(resource).set(key(object.metadata), object),
    remove: (resource, ref) => void of(resource).delete(key(ref)),
    objects: (resource) => [...of(resource).values()],
    failOnce: (line, error) => void failures.set(line, error),
    get: <T extends KubeObject>(resource: Resource<T>, ref: ObjectRef) =>
      Promise.resolve(of(resource).get(key(ref)) as T | undefined),
    list: <T extends KubeObject>(resource: Resource<T>, { labelSelector = '', namespace = '' } = {}) => {
      const items = [...of(resource).values()].filter(
        (object) => matches(object, labelSelector) && (namespace === '' || object.metadata.namespace === namespace),
      );
      return Promise.resolve({ resourceVersion: String(version), items: items as T[] });
    },
    create: write('create'),
    replace: write('replace'),
    apply: write('apply'),
    mergePatch: unused,
    jsonPatch: unused,
    delete: (resource, ref) =>
      Promise.resolve().then(() => {
        journal('delete', resource, ref);
        return of(resource).delete(key(ref));
      }),
    watch: unused,
    raw: unused,
    close: () => Promise.resolve(),
  };
}

/** `a=b,c` as kubectl has it; no sets. */
function matches({ metadata: { labels = {} } }: KubeObject, selector: string): boolean {
  return selector
    .split(',')
    .filter((term) => term !== '')
    .every((term) => {
      const [name = '', value] = term.split('=');
      return value === undefined ? name in labels : labels[name] === value;
    });
}

/** An answer of the API server that is an error. */
export function apiError(status: number, reason: string, message: string): KubeError {
  return new KubeError('test', status, JSON.stringify({ kind: 'Status', code: status, reason, message }));
}
