import type { VirtualService } from '../../crds/virtual-service.ts';
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
    return new TrackedMesh(this.#mesh, this.#readers, dependent);
  }

  forget(dependent: Dependent): void {
    for (const { dependents, keptIn, about } of dependent.reads) {
      dependents.delete(dependent);
      if (dependents.size === 0) keptIn.delete(about);
    }
    dependent.reads = [];
  }
}

/** A mesh that takes down who asks what. */
class TrackedMesh implements Mesh {
  readonly #mesh: Mesh;
  readonly #readers: Readonly<Record<Question, Map<string, Readers>>>;
  readonly #dependent: Dependent;

  constructor(mesh: Mesh, readers: Readonly<Record<Question, Map<string, Readers>>>, dependent: Dependent) {
    this.#mesh = mesh;
    this.#readers = readers;
    this.#dependent = dependent;
  }

  #read(question: Question, about: string): void {
    const keptIn = this.#readers[question];
    let readers = keptIn.get(about);
    if (readers === undefined) keptIn.set(about, (readers = { dependents: new Set(), keptIn, about }));
    if (readers.dependents.has(this.#dependent)) return;
    readers.dependents.add(this.#dependent);
    this.#dependent.reads.push(readers);
  }

  // A change of the settings works out everything anew.
  get settings(): Mesh['settings'] {
    return this.#mesh.settings;
  }
  get serviceFamilies(): Mesh['serviceFamilies'] {
    return this.#mesh.serviceFamilies;
  }
  service(host: string): ReturnType<Mesh['service']> {
    this.#read('service', host);
    return this.#mesh.service(host);
  }
  endpoints(host: string): ReturnType<Mesh['endpoints']> {
    this.#read('endpoints', host);
    return this.#mesh.endpoints(host);
  }
  servicesMatching(wildcard: string): ReturnType<Mesh['servicesMatching']> {
    this.#read('servicesMatching', wildcard);
    return this.#mesh.servicesMatching(wildcard);
  }
  // Services that share an address are told of each other's changes.
  servicesAt(address: string): ReturnType<Mesh['servicesAt']> {
    return this.#mesh.servicesAt(address);
  }
  virtualServices(host: string): ReturnType<Mesh['virtualServices']> {
    this.#read('virtualServices', host);
    return this.#mesh.virtualServices(host);
  }
  virtualServicesNaming(otherName: string): ReturnType<Mesh['virtualServicesNaming']> {
    return this.#mesh.virtualServicesNaming(otherName);
  }
  virtualServiceProblems(virtualService: VirtualService): ReturnType<Mesh['virtualServiceProblems']> {
    return this.#mesh.virtualServiceProblems(virtualService);
  }
  destinationRules(host: string): ReturnType<Mesh['destinationRules']> {
    this.#read('destinationRules', host);
    return this.#mesh.destinationRules(host);
  }
  peerAuthentications(namespace: string): ReturnType<Mesh['peerAuthentications']> {
    this.#read('peerAuthentications', namespace);
    return this.#mesh.peerAuthentications(namespace);
  }
  workload(address: string): ReturnType<Mesh['workload']> {
    this.#read('workload', address);
    return this.#mesh.workload(address);
  }
  hostsAt(address: string): ReturnType<Mesh['hostsAt']> {
    this.#read('hostsAt', address);
    return this.#mesh.hostsAt(address);
  }
  servicesSelecting(
    namespace: string,
    labels: Readonly<Record<string, string>>,
  ): ReturnType<Mesh['servicesSelecting']> {
    for (const key of selectableKeys(namespace, labels)) this.#read('servicesSelecting', key);
    return this.#mesh.servicesSelecting(namespace, labels);
  }
  locality(node: string): ReturnType<Mesh['locality']> {
    this.#read('locality', node);
    return this.#mesh.locality(node);
  }
  clientTraits(): ReturnType<Mesh['clientTraits']> {
    this.#read('clientTraits', '');
    return this.#mesh.clientTraits();
  }
}
