import { hostnameMatches, isWildcard, serviceHostname } from '../model/hostname.ts';
import type { MeshChange, Question } from '../model/mesh.ts';
import type { Service } from '../model/service.ts';
import { serviceDomains } from '../translate/virtual-host-domains.ts';
import type { MeshStore } from './mesh-store.ts';
import { selectableKeys } from './service-index.ts';

/** For tests: the answer to one question, and which changes tell of another one. */
export interface MeshAnswer {
  readonly value: unknown;
  /** The objects that the answer is made of, which stay the same for as long as it does. */
  readonly parts: readonly unknown[];
  readonly isToldOfBy: (changes: readonly MeshChange[]) => boolean;
}

/** For tests: what meshes are asked about. */
export interface Subjects {
  readonly hosts: Set<string>;
  readonly addresses: Set<string>;
  readonly namespaces: Set<string>;
  readonly nodes: Set<string>;
  readonly labels: readonly Readonly<Record<string, string>>[];
}

/** For tests: takes in whatever the store knows of now. */
export function addSubjects(subjects: Subjects, store: MeshStore): void {
  for (const host of store.hosts()) {
    subjects.hosts.add(host);
    for (const address of store.service(host)?.addresses ?? []) subjects.addresses.add(address);
  }
  for (const host of [...subjects.hosts]) {
    for (const { address } of store.endpoints(host)) subjects.addresses.add(address);
  }
}

/** For tests: every combination of the names that random changes use; hosts without a service too. */
export function subjectsOf(namespaces: readonly string[], services: readonly string[], labels: Subjects['labels']) {
  const domains = ['cluster.local', 'other.local'];
  const hosts = services.flatMap((name) =>
    namespaces.flatMap((namespace) => domains.map((domain) => serviceHostname(name, namespace, domain))),
  );
  return {
    hosts: new Set(['*', '*.local', '*.a.svc.cluster.local', 'a.example.com', 'nobody.example.org', ...hosts]),
    addresses: new Set(['192.0.2.1']),
    namespaces: new Set([...namespaces, 'nowhere']),
    nodes: new Set(['n0', 'n1', 'n2']),
    labels,
  };
}

/** For tests: the answers to all questions about all subjects, by question. */
export function answersOf(store: MeshStore, subjects: Subjects): ReadonlyMap<string, MeshAnswer> {
  const answers = new Map<string, MeshAnswer>();
  const add = (name: string, value: unknown, parts: readonly unknown[], isTold: MeshAnswer['isToldOfBy']): void => {
    const isToldOfBy = (changes: readonly MeshChange[]): boolean =>
      changes.some(({ question }) => question === 'settings') || isTold(changes);
    answers.set(name, { value, parts, isToldOfBy });
  };
  add('settings', [store.settings, store.serviceFamilies], [store.settings], () => false);
  add('clientTraits', store.clientTraits(), [store.clientTraits()], (changes) => tells(changes, 'clientTraits', ''));
  for (const host of subjects.hosts) addHost(store, host, add);
  for (const address of subjects.addresses) addAddress(store, address, add);
  for (const namespace of subjects.namespaces) addNamespace(store, namespace, subjects.labels, add);
  for (const node of subjects.nodes) {
    const locality = store.locality(node);
    add(`locality ${node}`, locality, [locality], (changes) => tells(changes, 'locality', node));
  }
  return answers;
}

type Add = (name: string, value: unknown, parts: readonly unknown[], isTold: MeshAnswer['isToldOfBy']) => void;

function addHost(store: MeshStore, host: string, add: Add): void {
  const isKnown = store.hosts().has(host);
  add(`hosts has ${host}`, isKnown, [], (changes) =>
    (['service', 'virtualServices', 'destinationRules'] as const).some((question) => tells(changes, question, host)),
  );
  const service = store.service(host);
  add(`service ${host}`, service, [service], (changes) => tells(changes, 'service', host));
  const endpoints = store.endpoints(host);
  add(`endpoints ${host}`, endpoints, [endpoints], (changes) => tells(changes, 'endpoints', host));
  const matching = store.servicesMatching(host);
  add(`servicesMatching ${host}`, matching, matching, (changes) =>
    changes.some(({ question, about }) => question === 'service' && hostnameMatches(host, about)),
  );
  const { naming, covering, misnaming } = store.virtualServices(host);
  const all = [...naming, ...covering, ...misnaming];
  const problems = all.map((it) => store.virtualServiceProblems(it));
  add(`virtualServices ${host}`, { naming, covering, misnaming, problems }, all, (changes) =>
    tellsOfHost(changes, 'virtualServices', host),
  );
  const rules = store.destinationRules(host);
  add(`destinationRules ${host}`, rules, rules, (changes) => tellsOfHost(changes, 'destinationRules', host));
  for (const name of service === undefined ? [] : otherNames(service)) {
    const others = store.virtualServicesNaming(name);
    add(`virtualServicesNaming ${name} for ${host}`, others, others, (changes) =>
      // Nobody has asked for the names of a service before it came.
      [`virtualServices` as const, `service` as const].some((question) => tells(changes, question, host)),
    );
  }
}

/** All names but the full one, as seen from the service's namespace and from others, and all addresses. */
function otherNames(service: Service): ReadonlySet<string> {
  const { namespace, hostname } = service;
  const domains = [namespace, `not-${namespace}`].flatMap((from) => serviceDomains(service, { namespace: from }));
  const names = domains.map((domain) => domain.replace(/^\[(.*)\]$/, '$1'));
  return new Set(names.filter((name) => name !== hostname));
}

function addAddress(store: MeshStore, address: string, add: Add): void {
  const workload = store.workload(address);
  add(`workload ${address}`, workload, [workload], (changes) => tells(changes, 'workload', address));
  const hosts = store.hostsAt(address);
  add(`hostsAt ${address}`, hosts, [], (changes) => tells(changes, 'hostsAt', address));
  const services = store.servicesAt(address);
  // Whoever asks this is one of these services.
  for (const { hostname } of services) {
    add(`servicesAt ${address} for ${hostname}`, services, services, (changes) => tells(changes, 'service', hostname));
  }
}

function addNamespace(store: MeshStore, namespace: string, labels: Subjects['labels'], add: Add): void {
  const root = store.settings.rootNamespace;
  const policies = store.peerAuthentications(namespace);
  add(`peerAuthentications ${namespace}`, policies, [policies], (changes) =>
    [namespace, root].some((about) => tells(changes, 'peerAuthentications', about)),
  );
  for (const some of labels) {
    const services = store.servicesSelecting(namespace, some);
    add(`servicesSelecting ${namespace} ${JSON.stringify(some)}`, services, services, (changes) =>
      selectableKeys(namespace, some).some((key) => tells(changes, 'servicesSelecting', key)),
    );
  }
}

function tells(changes: readonly MeshChange[], question: Question, about: string): boolean {
  return changes.some((change) => change.question === question && change.about === about);
}

function tellsOfHost(changes: readonly MeshChange[], question: Question, host: string): boolean {
  return changes.some(
    ({ question: asked, about }) =>
      asked === question && (about === host || (isWildcard(about) && hostnameMatches(about, host))),
  );
}
