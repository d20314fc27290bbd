/**
 * The few fields that every Kubernetes object has. Objects are plain JSON as the API server sends it: nothing is
 * converted (timestamps stay strings), and nothing that came from a store or a watch may be changed in place.
 */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** metav1.ObjectMeta, the fields that we read or write. Times are RFC 3339 strings. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly generateName?: string;
}

/** metav1.OwnerReference. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** CamelCase word for machines. */
  readonly reason: string;
  /** Sentence for people. */
  readonly message: string;
  /** RFC 3339; changes only when `status` does. */
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** metav1.LabelSelector. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

/** Where an object is: `namespace` is absent (or empty) for cluster-scoped kinds. An ObjectMeta is an ObjectRef too. */
export interface ObjectRef {
  readonly namespace?: string;
  readonly name: string;
}

/** An object's place within its kind, as one string: `namespace/name`, or `name` for a cluster-scoped object. */
export type Key = string;

export function keyOf(object: { readonly metadata: ObjectRef }): Key {
  return formatKey(object.metadata.namespace, object.metadata.name);
}

export function formatKey(namespace: string | undefined, name: string): Key {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/** The inverse of `formatKey`. Names and namespaces cannot contain a slash, so the first one is the separator. */
export function parseKey(key: Key): ObjectRef {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
