import { hostnameMatches, isWildcard } from '../model/hostname.ts';
import type { Mesh, MeshChange, Question } from '../model/mesh.ts';
import { selectableKeys } from '../registry/service-index.ts';

/** Those who read the answer to one question about one thing. */
interface Readers {
  readonly dependents: Set<Dependent>;
  /** Where they are kept, and under what name, for as long as there are any. */
  readonly keptIn: Map<string, Readers>;
  readonly about: string;
}

/** Something that is worked out from the mesh and has to be worked out anew when what it read is another one. */
export interface Dependent {
  /** What it has read. */
  reads: Readers[];
}

/** Who has read what of a mesh. */
export class Dependencies {
  readonly #mesh: Mesh;
  readonly #readers: Readonly<Record<Question, Map<string, Readers>>> = {
    service: new Map(),
    endpoints: new Map(),
    servicesMatching: new Map(),
    virtualServices: new Map(),
    destinationRules: new Map(),
    peerAuthentications: new Map(),
    workload: new Map(),
    hostsAt: new Map(),
    servicesSelecting: new Map(),
    locality: new Map(),
    clientTraits: new Map(),
  };

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  /** Those that read what is another one now. Whoever reads the settings has to see to them by itself. */
  *readersOf({ question, about }: MeshChange): Iterable<Dependent> {
    if (question === 'settings') return;
    const readers = this.#readers[question];
    yield* readers.get(about)?.dependents ?? [];
    if ((question === 'virtualServices' || question === 'destinationRules') && isWildcard(about)) {
      for (const [host, those] of readers) if (host !== about && hostnameMatches(about, host)) yield* those.dependents;
    }
    if (question === 'service') {
      for (const [wildcard, those] of this.#readers.servicesMatching) {
        if (hostnameMatches(wildcard, about)) yield* those.dependents;
      }
    }
    if (question === 'peerAuthentications' && about === this.#mesh.settings.rootNamespace) {
      for (const [namespace, those] of readers) if (namespace !== about) yield* those.dependents;
    }
  }

  /** The mesh, read on behalf of a dependent; what it read before is forgotten. */
  track(dependent: Dependent): Mesh {
    this.forget(dependent);
    const mesh = this.#mesh;
    const read = (question: Question, about: string): void => {
      const keptIn = this.#readers[question];
      let readers = keptIn.get(about);
      if (readers === undefined) keptIn.set(about, (readers = { dependents: new Set(), keptIn, about }));
      if (readers.dependents.has(dependent)) return;
      readers.dependents.add(dependent);
      dependent.reads.push(readers);
    };
    return {
      // A change of these makes everything anew.
      settings: mesh.settings,
      serviceFamilies: mesh.serviceFamilies,
      service: (host) => (read('service', host), mesh.service(host)),
      endpoints: (host) => (read('endpoints', host), mesh.endpoints(host)),
      servicesMatching: (wildcard) => (read('servicesMatching', wildcard), mesh.servicesMatching(wildcard)),
      // Services that share an address are told of each other's changes.
      servicesAt: (address) => mesh.servicesAt(address),
      virtualServices: (host) => (read('virtualServices', host), mesh.virtualServices(host)),
      virtualServicesNaming: (otherName) => mesh.virtualServicesNaming(otherName),
      virtualServiceProblems: (virtualService) => mesh.virtualServiceProblems(virtualService),
      destinationRules: (host) => (read('destinationRules', host), mesh.destinationRules(host)),
      peerAuthentications: (namespace) => (read('peerAuthentications', namespace), mesh.peerAuthentications(namespace)),
      workload: (address) => (read('workload', address), mesh.workload(address)),
      hostsAt: (address) => (read('hostsAt', address), mesh.hostsAt(address)),
      servicesSelecting: (namespace, labels) => {
        for (const key of selectableKeys(namespace, labels)) read('servicesSelecting', key);
        return mesh.servicesSelecting(namespace, labels);
      },
      locality: (node) => (read('locality', node), mesh.locality(node)),
      clientTraits: () => (read('clientTraits', ''), mesh.clientTraits()),
    };
  }

  forget(dependent: Dependent): void {
    for (const { dependents, keptIn, about } of dependent.reads) {
      dependents.delete(dependent);
      if (dependents.size === 0) keptIn.delete(about);
    }
    dependent.reads = [];
  }
}
