import type { HttpRoute, VirtualService } from '../../crds/virtual-service.ts';
import type { Key } from '../../lib/kube/object.ts';
import { formatKey } from '../../lib/kube/object.ts';
import { mergeMatches } from './delegate-match.ts';
import { isExportedTo } from './export-to.ts';
import { resolveHostname } from './hostname.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Problem } from './problem.ts';
import { objectName } from './problem.ts';

/** Where a rule stands that was put into another VirtualService than its own. */
export interface RuleOrigin {
  /** `VirtualService/<namespace>/<name>`. */
  readonly object: string;
  /** E.g. `spec.http[2]`. */
  readonly path: string;
}

interface MovedRule extends HttpRoute {
  readonly origin: RuleOrigin;
}

/** Where a rule was written: here, at that position, or in the VirtualService that it was moved from. */
export function originOf(rule: HttpRoute, { metadata }: VirtualService, position: number): RuleOrigin {
  if (isMoved(rule)) return rule.origin;
  return { object: objectName('VirtualService', metadata), path: `spec.http[${position}]` };
}

function isMoved(rule: HttpRoute): rule is MovedRule {
  return 'origin' in rule;
}

/** A VirtualService with the rules of its delegates, and what is wrong with them. */
export interface Expansion {
  readonly virtualService: VirtualService;
  readonly problems: readonly Problem[];
}

/**
 * Puts the rules of delegates in place of the rules that name them (Istio API, `HTTPRoute.delegate`). A delegate is a
 * VirtualService without hosts; its matches narrow those of the rule, and what it does not say is taken from the rule.
 * A rule whose delegate can't be had is left out. `find` knows VirtualServices as {@link delegatesOf} names them.
 */
export function expandDelegates(
  root: VirtualService,
  find: (key: Key) => VirtualService | undefined,
  settings: MeshSettings,
): Expansion {
  if (!delegates(root)) return { virtualService: root, problems: [] };
  const problems: Problem[] = [];
  const http = (root.spec.http ?? []).flatMap((rule, position): readonly MovedRule[] => {
    const origin = originOf(rule, root, position);
    if (rule.delegate === undefined) return [{ ...rule, origin }];
    return expandRule({ root, rule, origin, find, settings, problems });
  });
  return { virtualService: { ...root, spec: { ...root.spec, http } }, problems };
}

/** The VirtualServices that a VirtualService delegates to, there or not. */
export function delegatesOf(root: VirtualService): readonly Key[] {
  if (!delegates(root)) return [];
  const keys = (root.spec.http ?? []).flatMap((rule) => (rule.delegate === undefined ? [] : [delegateKey(rule, root)]));
  return [...new Set(keys)];
}

function delegateKey({ delegate }: HttpRoute, { metadata }: VirtualService): Key {
  return formatKey(delegate?.namespace ? delegate.namespace : metadata.namespace, delegate?.name ?? '');
}

function delegates({ spec }: VirtualService): boolean {
  return (spec.hosts ?? []).length > 0 && (spec.http ?? []).some(({ delegate }) => delegate !== undefined);
}

interface RuleExpansion {
  readonly root: VirtualService;
  readonly rule: HttpRoute;
  readonly origin: RuleOrigin;
  readonly find: (key: Key) => VirtualService | undefined;
  readonly settings: MeshSettings;
  readonly problems: Problem[];
}

function expandRule({ root, rule, origin, find, settings, problems }: RuleExpansion): readonly MovedRule[] {
  const namespace = root.metadata.namespace ?? '';
  const key = delegateKey(rule, root);
  const wanted = `VirtualService/${key}`;
  const delegate = find(key);
  const wrong = delegateProblem(delegate, namespace);
  if (delegate === undefined || wrong !== undefined) {
    const message = `${wanted} ${wrong ?? 'does not exist'}; the rule is left out`;
    problems.push({ object: origin.object, path: `${origin.path}.delegate`, message });
    return [];
  }
  return (delegate.spec.http ?? []).flatMap((written, position) => {
    const place = originOf(written, delegate, position);
    const leaf = withFullHosts(written, delegate.metadata.namespace ?? '', settings);
    const match = isTooMuch(rule, leaf) ? undefined : mergeMatches(rule.match ?? [], leaf.match ?? []);
    if (match !== undefined && leaf.delegate === undefined) {
      return [{ ...inherited(rule), ...leaf, ...named(rule, leaf), match, origin: place }];
    }
    const what = expansionProblem(rule, leaf, origin);
    problems.push({ ...place, message: `${what}; the rule is left out` });
    return [];
  });
}

/** Most matches that one rule of a delegate may become; each match of one side is paired with each of the other. */
const maxMatches = 1000;

function isTooMuch(rule: HttpRoute, leaf: HttpRoute): boolean {
  return (rule.match ?? []).length * (leaf.match ?? []).length > maxMatches;
}

function expansionProblem(rule: HttpRoute, leaf: HttpRoute, { object, path }: RuleOrigin): string {
  if (leaf.delegate !== undefined) return 'a delegate can not delegate further';
  if (isTooMuch(rule, leaf)) return `with those of ${object} ${path} it has more than ${maxMatches} matches`;
  return `no match lies within those of ${object} ${path}`;
}

function delegateProblem(delegate: VirtualService | undefined, namespace: string): string | undefined {
  if (delegate === undefined) return 'does not exist';
  if ((delegate.spec.hosts ?? []).length > 0) return 'has hosts of its own, which a delegate must not';
  const visible = isExportedTo(delegate.spec.exportTo, delegate.metadata.namespace ?? '', namespace);
  return visible ? undefined : `is not exported to the namespace "${namespace}"`;
}

/** What a delegate's rule takes over where it says nothing of it: all but the conditions and what is done. */
function inherited(rule: HttpRoute): HttpRoute {
  const {
    match: _match,
    route: _route,
    redirect: _redirect,
    directResponse: _answer,
    delegate: _delegate,
    ...rest
  } = rule;
  return rest;
}

function named(root: HttpRoute, leaf: HttpRoute): Pick<HttpRoute, 'name'> {
  const name = [root.name, leaf.name].filter((it) => it !== undefined && it !== '').join('-');
  return name === '' ? {} : { name };
}

/** Short hosts of a delegate are of its own namespace, not of that of the rule that delegates. */
function withFullHosts(rule: HttpRoute, namespace: string, { clusterDomain }: MeshSettings): HttpRoute {
  const full = <D extends { readonly host: string }>(destination: D): D => {
    return { ...destination, host: resolveHostname(destination.host, namespace, clusterDomain) };
  };
  const { route, mirror, mirrors } = rule;
  return {
    ...rule,
    ...(route && { route: route.map((it) => ({ ...it, destination: full(it.destination) })) }),
    ...(mirror && { mirror: full(mirror) }),
    ...(mirrors && { mirrors: mirrors.map((it) => ({ ...it, destination: full(it.destination) })) }),
  };
}
