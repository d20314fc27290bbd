import type { Resource } from '../../lib/kube/resources.ts';
import type { PolicyRule } from '../../lib/kube/types.ts';

/** One thing that somebody may or may not do: `resourceAttributes` of an access review (authorization.k8s.io/v1). */
export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  /** Everywhere when absent. */
  readonly namespace?: string;
  /** Every object when absent. */
  readonly name?: string;
}

/** Where an access is asked for. */
export interface Place {
  readonly namespace?: string;
  readonly name?: string;
}

export function accessTo({ group, plural }: Resource, verb: string, place: Place = {}): Access {
  return { verb, group, resource: plural, ...placeOf(place) };
}

/** Each single access that a list of rules grants, within a namespace or everywhere. */
export function accessesOf(rules: readonly PolicyRule[], namespace?: string): readonly Access[] {
  return rules.flatMap(({ apiGroups = [], resources = [], resourceNames, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((path) =>
        verbs.flatMap((verb) =>
          (resourceNames ?? [undefined]).map((name) => {
            const [resource = '', subresource] = path.split('/');
            return {
              verb,
              group,
              resource,
              ...(subresource === undefined ? {} : { subresource }),
              ...placeOf({
                ...(namespace === undefined ? {} : { namespace }),
                ...(name === undefined ? {} : { name }),
              }),
            };
          }),
        ),
      ),
    ),
  );
}

/** Without those that stand in the list before. */
export function distinctAccesses(accesses: readonly Access[]): readonly Access[] {
  return [...new Map(accesses.map((access) => [keyOfAccess(access), access])).values()];
}

export function keyOfAccess({ verb, group, resource, subresource, namespace, name }: Access): string {
  return JSON.stringify([verb, group, resource, subresource, namespace, name]);
}

/** `create deployments.apps in namespace "istio-system"`, as `kubectl auth can-i` would be asked. */
export function describeAccess(access: Access): string {
  const { verb, namespace, name } = access;
  const which = name === undefined ? '' : ` "${name}"`;
  const where = namespace === undefined ? '' : ` in namespace "${namespace}"`;
  return `${verb} ${resourceOfAccess(access)}${which}${where}`;
}

/** Accesses in words, those that differ in their verb alone as one: `get, list services; create pods`. */
export function describeAccesses(accesses: readonly Access[], most: number): string {
  const verbs = new Map<string, { readonly verbs: string[]; readonly access: Access }>();
  for (const access of accesses) {
    const key = keyOfAccess({ ...access, verb: '' });
    const known = verbs.get(key);
    if (known === undefined) verbs.set(key, { verbs: [access.verb], access });
    else known.verbs.push(access.verb);
  }
  const named = [...verbs.values()]
    .slice(0, most)
    .map((entry) => describeAccess({ ...entry.access, verb: entry.verbs.join(', ') }));
  const rest = verbs.size > most ? [`and ${String(verbs.size - most)} more`] : [];
  return [...named, ...rest].join('; ');
}

function resourceOfAccess({ group, resource, subresource }: Access): string {
  const path = subresource === undefined ? resource : `${resource}/${subresource}`;
  return group === '' ? path : `${path}.${group}`;
}

function placeOf({ namespace, name }: Place): Place {
  return {
    ...(namespace === undefined || namespace === '' ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
}
