import type { DestinationRule, TrafficPolicy } from '../../crds/destination-rule.ts';
import { destinationRulesFor, mergeRules, trafficPolicyFor } from '../model/destination-rules.ts';
import type { Destinations } from '../model/destinations.ts';
import type { Endpoint, Locality } from '../model/endpoint.ts';
import { isExportedTo } from '../model/export-to.ts';
import type { Mesh, VirtualServicesOfHost } from '../model/mesh.ts';
import { endpointTlsMode } from '../model/peer-authentication.ts';
import type { Hostname, Service } from '../model/service.ts';
import type { View } from '../model/view.ts';
import { virtualServicesFor } from '../model/virtual-services.ts';
import type { RouteEnvironment } from '../translate/virtual-host.ts';
import type { Asked, Input, SharedResults } from './shared-results.ts';

/** What one view sees of the mesh, while something is worked out for it. */
export class VisibleMesh implements Destinations {
  readonly mesh: Mesh;
  readonly view: View;
  readonly #shared: SharedResults;
  /** Everything shared that was used: to be held for as long as what was worked out, and equal where that is. */
  readonly used: object[] = [];

  constructor(mesh: Mesh, view: View, shared: SharedResults) {
    this.mesh = mesh;
    this.view = view;
    this.#shared = shared;
  }

  /** As {@link SharedResults.get}. */
  share<T extends object>(kind: string, inputs: readonly Input[], compute: () => T): T {
    const result = this.#shared.get(kind, inputs, compute);
    this.used.push(result);
    return result;
  }

  /** As {@link SharedResults.getAsking}, of what is asked of the recording environment that `compute` is given. */
  shareAsking<T extends object>(
    kind: string,
    inputs: readonly Input[],
    compute: (environment: RouteEnvironment) => T,
  ): T {
    const result = this.#shared.getAsking<T, VisibleMesh>(kind, inputs, this, () => {
      const { environment, asked } = this.#recording();
      return { result: compute(environment), asked: asked() };
    });
    this.used.push(result);
    return result;
  }

  service(host: Hostname): Service | undefined {
    const service = this.mesh.service(host);
    return service !== undefined && this.sees(service) ? service : undefined;
  }

  sees({ exportTo, namespace }: Service): boolean {
    return isExportedTo(exportTo, namespace, this.view.namespace);
  }

  virtualServices(host: Hostname): VirtualServicesOfHost {
    return virtualServicesFor(this.mesh.virtualServices(host), this.view);
  }

  /** The rule that holds for a service; the same object for as long as it is the same. */
  destinationRule(service: Service): DestinationRule | undefined {
    const all = this.mesh.destinationRules(service.hostname);
    const rules = destinationRulesFor(all, this.mesh.settings, this.view, service);
    if (rules.length <= 1) return rules[0];
    return this.share('merged-rule', rules, () => ({ rule: mergeRules(rules) })).rule;
  }

  destinationRuleOf(host: Hostname): DestinationRule | undefined {
    const service = this.service(host);
    return service === undefined ? undefined : this.destinationRule(service);
  }

  hasSubset(host: Hostname, subset: string): boolean {
    return hasSubset(this.destinationRuleOf(host), subset);
  }

  trafficPolicy(host: Hostname, port: number, subset?: string): TrafficPolicy | undefined {
    return policyOf(this.destinationRuleOf(host), port, subset);
  }

  /** Endpoints with their `tlsMode` as the workloads' policies leave it. */
  endpoints({ hostname, namespace }: Service): readonly Endpoint[] {
    const { settings } = this.mesh;
    const endpoints = this.mesh.endpoints(hostname);
    const policies = this.mesh.peerAuthentications(namespace);
    if (endpoints.length === 0 || policies.length === 0) return endpoints;
    return this.share('endpoints', [endpoints, policies, settings], () =>
      endpoints.map((endpoint) => ({ ...endpoint, tlsMode: endpointTlsMode(policies, settings, endpoint) })),
    );
  }

  /** What routes are translated with; all that is asked of it is taken down, to be asked again for other views. */
  #recording(): { readonly environment: RouteEnvironment; readonly asked: () => readonly Asked<VisibleMesh>[] } {
    const asked = new Map<string, Asked<VisibleMesh>>();
    const record = <T>(name: string, question: (visible: VisibleMesh) => T): T => {
      const answer = question(this);
      if (!asked.has(name)) asked.set(name, { ask: question, answer });
      return answer;
    };
    const ruleOf = (host: Hostname): DestinationRule | undefined => record(`rule of ${host}`, ask.ruleOf(host));
    const { view } = this;
    return {
      environment: {
        settings: this.mesh.settings,
        view: {
          get namespace(): string {
            return record('namespace', ask.namespace);
          },
          get sourceLabels(): View['sourceLabels'] {
            record('labels', ask.labels);
            return view.sourceLabels;
          },
          get locality(): Locality | undefined {
            record('locality', ask.locality);
            return view.locality;
          },
        },
        destinations: {
          service: (host) => record(`service ${host}`, ask.service(host)),
          hasSubset: (host, subset) => hasSubset(ruleOf(host), subset),
          trafficPolicy: (host, port, subset) => policyOf(ruleOf(host), port, subset),
        },
      },
      asked: () => [...asked.values()],
    };
  }
}

/** The questions; what they are asked for later is kept with a result, and must not hold on to who asked first. */
const ask = {
  namespace: ({ view }: VisibleMesh): string => view.namespace,
  labels: ({ view }: VisibleMesh): string => JSON.stringify(view.sourceLabels ?? null),
  locality: ({ view }: VisibleMesh): string => JSON.stringify(view.locality ?? null),
  service: (host: Hostname) => (visible: VisibleMesh) => visible.service(host),
  ruleOf: (host: Hostname) => (visible: VisibleMesh) => visible.destinationRuleOf(host),
};

function hasSubset(rule: DestinationRule | undefined, subset: string): boolean {
  return rule?.spec.subsets?.some(({ name }) => name === subset) === true;
}

function policyOf(rule: DestinationRule | undefined, port: number, subset?: string): TrafficPolicy | undefined {
  const found = subset === undefined ? undefined : rule?.spec.subsets?.find(({ name }) => name === subset);
  return trafficPolicyFor(rule, { port }, found);
}
