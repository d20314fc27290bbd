import { create, toBinary } from '@bufbuild/protobuf';
import { ListenerSchema } from '../envoy/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import type { ResourceType } from '../envoy/type-urls.ts';
import type { IpFamilies } from '../model/ip-families.ts';
import type { MeshSettings } from '../model/mesh-settings.ts';
import type { Problem } from '../model/problem.ts';
import type { Hostname } from '../model/service.ts';
import { translateOutboundListener } from '../translate/outbound-listener.ts';
import { conflictProblem, goesBefore, httpListenerPlan } from '../translate/outbound-plan.ts';
import { portRouteName } from '../translate/route-plan.ts';
import { discoveringRouteConfiguration, portRouteConfiguration } from '../translate/route-configuration.ts';
import type { HostResources, ListenerClaim } from './host-resources.ts';
import { nothing } from './host-resources.ts';
import { ProblemCount } from './problem-count.ts';
import { EncodedResource, encodeResource, lengthPrefixed } from './resource.ts';
import { ResourceSet } from './resource-set.ts';

/** What the resources of shared HTTP ports follow from, beside the services. */
export interface PortSettings {
  readonly settings: MeshSettings;
  readonly families: IpFamilies;
}

/** An HTTP port that some service of the view has, or only hosts that would be on it. */
interface Port {
  /** Services that need its listener and route configuration. */
  needs: number;
  /** Whether these are there; so are the virtual hosts then. */
  isOpen: boolean;
  readonly virtualHosts: Map<string, EncodedResource>;
}

/**
 * The resources that the sidecars of one view share, put together host by host: a change of one host costs what that host
 * has, however many others there are.
 */
export class ViewSnapshot {
  readonly sets: Readonly<Record<ResourceType, ResourceSet>> = {
    cluster: new ResourceSet(),
    endpoint: new ResourceSet(),
    listener: new ResourceSet(),
    route: new ResourceSet(),
    virtualHost: new ResourceSet(),
  };
  readonly problems = new ProblemCount();
  #portSettings: PortSettings;
  readonly #hosts = new Map<Hostname, HostResources>();
  readonly #claims = new Map<string, ListenerClaim[]>();
  readonly #ports = new Map<number, Port>();
  /** Whole route configurations, for clients without VHDS; kept from when the first of them comes. */
  #wholeRoutes: ResourceSet | undefined;
  /** Ports of which something changed in this round. */
  readonly #touched = new Set<number>();

  constructor(portSettings: PortSettings) {
    this.#portSettings = portSettings;
  }

  /** The number of changes so far, of all resources. */
  get sequence(): number {
    return [...Object.values(this.sets), this.wholeRoutesIfKept].reduce((sum, set) => sum + (set?.sequence ?? 0), 0);
  }

  get wholeRoutesIfKept(): ResourceSet | undefined {
    return this.#wholeRoutes;
  }

  /** Route configurations with all of their virtual hosts. */
  wholeRoutes(): ResourceSet {
    if (this.#wholeRoutes === undefined) {
      this.#wholeRoutes = new ResourceSet();
      for (const { sniffedRoutes } of this.#hosts.values()) {
        for (const { resource } of sniffedRoutes) this.#wholeRoutes.put(resource);
      }
      for (const [number, port] of this.#ports) this.#keepWhole(number, port);
    }
    return this.#wholeRoutes;
  }

  /** Hosts that the view has something of. */
  hosts(): Iterable<Hostname> {
    return this.#hosts.keys();
  }

  /** Sets what the view has on account of a host. */
  update(host: Hostname, after: HostResources): void {
    const before = this.#hosts.get(host) ?? nothing;
    if (before === after) return;
    if (after === nothing) this.#hosts.delete(host);
    else this.#hosts.set(host, after);
    replace(this.sets.cluster, before.clusters.flat(), after.clusters.flat());
    replace(this.sets.endpoint, before.endpoints.flat(), after.endpoints.flat());
    const routesBefore = before.sniffedRoutes.map(({ resource }) => resource);
    const routesAfter = after.sniffedRoutes.map(({ resource }) => resource);
    replace(this.sets.route, routesBefore, routesAfter);
    if (this.#wholeRoutes !== undefined) replace(this.#wholeRoutes, routesBefore, routesAfter);
    this.#updateListeners(before.listeners, after.listeners);
    this.#updatePorts(before, after);
    this.problems.replace(problemsOf(before), problemsOf(after));
  }

  /** Takes in other settings, under which the listener and route configuration of every port are others. */
  setPortSettings(portSettings: PortSettings): void {
    const before = this.#portSettings;
    this.#portSettings = portSettings;
    for (const [number, { isOpen }] of this.#ports) {
      if (!isOpen) continue;
      this.#putPort(number);
      this.#touched.add(number);
      const { name } = httpListenerPlan(number, before.families);
      if (name !== httpListenerPlan(number, portSettings.families).name) this.sets.listener.delete(name);
    }
  }

  /** Ends a round of updates. */
  finish(): void {
    for (const number of this.#touched) {
      const port = this.#port(number);
      if (port.needs > 0 && !port.isOpen) this.#open(number, port);
      if (port.needs === 0 && port.isOpen) this.#close(number, port);
      this.#keepWhole(number, port);
      if (port.needs === 0 && port.virtualHosts.size === 0) this.#ports.delete(number);
    }
    this.#touched.clear();
  }

  #updateListeners(before: readonly ListenerClaim[], after: readonly ListenerClaim[]): void {
    if (before.length + after.length === 0) return;
    const gone = before.filter((claim) => !after.includes(claim));
    const come = after.filter((claim) => !before.includes(claim));
    const names = new Set([...gone, ...come].map(({ plan }) => plan.name));
    for (const name of names) this.problems.replace(conflicts(this.#claims.get(name) ?? []), []);
    for (const claim of gone) {
      const others = (this.#claims.get(claim.plan.name) ?? []).filter((it) => it !== claim);
      if (others.length === 0) this.#claims.delete(claim.plan.name);
      else this.#claims.set(claim.plan.name, others);
    }
    for (const claim of come) {
      const claims = [...(this.#claims.get(claim.plan.name) ?? []), claim];
      this.#claims.set(
        claim.plan.name,
        claims.sort((a, b) => (goesBefore(a.plan, b.plan) ? -1 : 1)),
      );
    }
    for (const name of names) {
      const claims = this.#claims.get(name) ?? [];
      const [winner] = claims;
      if (winner === undefined) this.sets.listener.delete(name);
      else this.sets.listener.put(winner.resource);
      this.problems.replace([], conflicts(claims));
    }
  }

  #updatePorts(before: HostResources, after: HostResources): void {
    const gone = before.virtualHosts.filter((it) => !after.virtualHosts.includes(it));
    const come = after.virtualHosts.filter((it) => !before.virtualHosts.includes(it));
    const replaced = new Set(come.map(({ resource }) => resource.name));
    for (const { port: number, resource } of gone) {
      this.#touched.add(number);
      if (replaced.has(resource.name)) continue;
      const port = this.#port(number);
      port.virtualHosts.delete(resource.name);
      if (port.isOpen) this.sets.virtualHost.delete(resource.name);
    }
    for (const { port: number, resource } of come) {
      this.#touched.add(number);
      const port = this.#port(number);
      port.virtualHosts.set(resource.name, resource);
      if (port.isOpen) this.sets.virtualHost.put(resource);
    }
    for (const [ports, change] of [
      [before.httpPorts, -1],
      [after.httpPorts, 1],
    ] as const) {
      for (const number of ports) {
        this.#touched.add(number);
        this.#port(number).needs += change;
      }
    }
  }

  #port(number: number): Port {
    let port = this.#ports.get(number);
    if (port === undefined) this.#ports.set(number, (port = { needs: 0, isOpen: false, virtualHosts: new Map() }));
    return port;
  }

  #open(number: number, port: Port): void {
    port.isOpen = true;
    this.#putPort(number);
    for (const resource of port.virtualHosts.values()) this.sets.virtualHost.put(resource);
  }

  #putPort(number: number): void {
    const { settings, families } = this.#portSettings;
    const listener = translateOutboundListener(httpListenerPlan(number, families), settings);
    this.sets.listener.put(encodeResource('listener', listener.name, ListenerSchema, listener));
    const route = discoveringRouteConfiguration(number, settings);
    this.sets.route.put(encodeResource('route', route.name, RouteConfigurationSchema, route));
  }

  #close(number: number, port: Port): void {
    port.isOpen = false;
    this.sets.listener.delete(httpListenerPlan(number, this.#portSettings.families).name);
    this.sets.route.delete(portRouteName(number));
    for (const name of port.virtualHosts.keys()) this.sets.virtualHost.delete(name);
  }

  #keepWhole(number: number, port: Port): void {
    if (this.#wholeRoutes === undefined) return;
    if (port.isOpen) this.#wholeRoutes.put(wholeRoute(number, port, this.#portSettings.settings));
    else this.#wholeRoutes.delete(portRouteName(number));
  }
}

function replace(set: ResourceSet, before: readonly EncodedResource[], after: readonly EncodedResource[]): void {
  for (const { name } of before) if (!after.some((resource) => resource.name === name)) set.delete(name);
  for (const resource of after) set.put(resource);
}

function conflicts([winner, ...others]: readonly ListenerClaim[]): readonly Problem[] {
  if (winner === undefined) return [];
  return others.flatMap(({ plan }) => conflictProblem(plan, winner.plan) ?? []);
}

function problemsOf({ problems, virtualHosts, sniffedRoutes }: HostResources): readonly Problem[] {
  return [...problems, ...[...virtualHosts, ...sniffedRoutes].flatMap((it) => it.problems)];
}

/** Puts a route configuration together from virtual hosts that are encoded already: fields of one message, in order. */
function wholeRoute(number: number, { virtualHosts }: Port, settings: MeshSettings): EncodedResource {
  const configuration = portRouteConfiguration(number, settings);
  const { name } = configuration;
  const head = toBinary(RouteConfigurationSchema, create(RouteConfigurationSchema, { name }));
  const rest = toBinary(RouteConfigurationSchema, { ...configuration, name: '' });
  const sorted = [...virtualHosts.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const hosts = sorted.map(({ value }) => lengthPrefixed(2, value));
  const objects = [...new Set(sorted.flatMap((resource) => resource.objects))];
  return new EncodedResource('route', name, Buffer.concat([head, ...hosts, rest]), objects);
}
