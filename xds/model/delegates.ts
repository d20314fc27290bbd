import type { HttpRoute, VirtualService } from '../../crds/virtual-service.ts';
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

interface Expansion {
  readonly virtualServices: readonly VirtualService[];
  readonly problems: readonly Problem[];
}

/**
 * Puts the rules of delegates in place of the rules that name them (Istio API, `HTTPRoute.delegate`). A delegate is a
 * VirtualService without hosts; its matches narrow those of the rule, and what it does not say is taken from the rule.
 * A rule whose delegate can't be had is left out.
 */
export function expandDelegates(virtualServices: readonly VirtualService[], settings: MeshSettings): Expansion {
  if (!virtualServices.some(delegates)) return { virtualServices, problems: [] };
  const byName = new Map(virtualServices.map((it) => [objectName('VirtualService', it.metadata), it]));
  const problems: Problem[] = [];
  const expanded = virtualServices.map((root) => {
    if (!delegates(root)) return root;
    const http = (root.spec.http ?? []).flatMap((rule, position): readonly MovedRule[] => {
      const origin = originOf(rule, root, position);
      if (rule.delegate === undefined) return [{ ...rule, origin }];
      return expandRule({ root, rule, origin, byName, settings, problems });
    });
    return { ...root, spec: { ...root.spec, http } };
  });
  return { virtualServices: expanded, problems };
}

function delegates({ spec }: VirtualService): boolean {
  return (spec.hosts ?? []).length > 0 && (spec.http ?? []).some(({ delegate }) => delegate !== undefined);
}

interface RuleExpansion {
  readonly root: VirtualService;
  readonly rule: HttpRoute;
  readonly origin: RuleOrigin;
  readonly byName: ReadonlyMap<string, VirtualService>;
  readonly settings: MeshSettings;
  readonly problems: Problem[];
}

function expandRule({ root, rule, origin, byName, settings, problems }: RuleExpansion): readonly MovedRule[] {
  const namespace = root.metadata.namespace ?? '';
  const wanted = objectName('VirtualService', {
    name: rule.delegate?.name ?? '',
    namespace: rule.delegate?.namespace ? rule.delegate.namespace : namespace,
  });
  const delegate = byName.get(wanted);
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
