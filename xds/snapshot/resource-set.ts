import type { EncodedResource } from './resource.ts';

interface Entry {
  /** Undefined once it is removed, until nobody has to be told of that any more. */
  resource: EncodedResource | undefined;
  /** The set's sequence when it was changed last. */
  changedAt: number;
  /** The set's sequence when it first came, since when somebody may have it. */
  readonly knownSince: number;
}

/** What turns an earlier state of a set into the present one. */
export interface Changes {
  readonly changed: readonly EncodedResource[];
  readonly removed: readonly string[];
}

/** A place in a set's history: everything up to it has been taken. Open for as long as its owner may ask from there. */
export interface Cursor {
  readonly set: ResourceSet;
  readonly sequence: number;
  /** Moves on to the present. */
  advance(): void;
  close(): void;
}

/** Logs up to this length are not worth compacting. */
const shortLog = 16;

/**
 * The resources of one type that a class of sidecars may see, as they change. It remembers in which order names
 * changed, not what they were before: whoever is behind is told the newest state of what changed, at the cost of those
 * changes, however many resources there are and however long they were away.
 */
export class ResourceSet {
  readonly #entries = new Map<string, Entry>();
  /** Names in the order of their changes; of a name that comes several times only the last counts. */
  #log: { readonly name: string; readonly at: number }[] = [];
  readonly #cursors = new Set<SetCursor>();
  /** Changes since a sequence, for all who ask from the same place; emptied by every change. */
  readonly #changesSince = new Map<number, Changes>();
  /** The length of the log from which on it is worth compacting. */
  #longAt = shortLog;
  #sequence = 0;
  #size = 0;
  #sum = 0n;

  /** Counts changes. */
  get sequence(): number {
    return this.#sequence;
  }

  get size(): number {
    return this.#size;
  }

  /** Equal for equal content, whatever way it came about: the sum of the resources' hashes, in hexadecimal. */
  get version(): string {
    return this.#sum.toString(16);
  }

  get(name: string): EncodedResource | undefined {
    return this.#entries.get(name)?.resource;
  }

  *values(): Iterable<EncodedResource> {
    for (const { resource } of this.#entries.values()) if (resource !== undefined) yield resource;
  }

  /** Puts a resource in; nothing changes when it is there already. */
  put(resource: EncodedResource): void {
    const entry = this.#entries.get(resource.name);
    if (entry?.resource?.version === resource.version) {
      entry.resource = resource; // the same bytes, perhaps made from other objects
      return;
    }
    const at = this.#changed(resource.name);
    if (entry === undefined) this.#entries.set(resource.name, { resource, changedAt: at, knownSince: at });
    else {
      if (entry.resource !== undefined) this.#count(entry.resource, -1);
      entry.resource = resource;
      entry.changedAt = at;
    }
    this.#count(resource, 1);
    this.#compactIfLong();
  }

  delete(name: string): void {
    const entry = this.#entries.get(name);
    if (entry?.resource === undefined) return;
    this.#count(entry.resource, -1);
    entry.resource = undefined;
    entry.changedAt = this.#changed(name);
    this.#compactIfLong();
  }

  /** Makes these the only resources. */
  replaceAll(resources: readonly EncodedResource[]): void {
    const names = new Set(resources.map(({ name }) => name));
    for (const { name } of [...this.values()]) if (!names.has(name)) this.delete(name);
    for (const resource of resources) this.put(resource);
  }

  /** All resources, as changes of a set that was empty; the same object for all sets with the same resources. */
  everything(): Changes {
    const known = this.#changesSince.get(0);
    if (known !== undefined || this.#sequence === 0) return known ?? nothing;
    const found = wholes.get(this.version)?.deref();
    const isSame = found?.changed.length === this.#size && found.changed.every((it) => this.get(it.name) === it);
    const everything = isSame ? found : this.#collect(0);
    if (!isSame) {
      wholes.set(this.version, new WeakRef(everything));
      goneWholes.register(everything, this.version);
    }
    this.#changesSince.set(0, everything);
    return everything;
  }

  /** The newest state of all that changed after a sequence; the same object for all who ask from the same place. */
  changesSince(sequence: number): Changes {
    if (sequence === this.#sequence) return nothing;
    let changes = this.#changesSince.get(sequence);
    if (changes === undefined) this.#changesSince.set(sequence, (changes = this.#collect(sequence)));
    return changes;
  }

  /** What turns the state at a cursor of another set into the present state of this one. */
  changesFrom(cursor: Cursor): Changes {
    const { set, sequence } = cursor;
    if (set === this) return this.changesSince(sequence);
    const changed: EncodedResource[] = [];
    for (const resource of this.values()) {
      const had = set.#entries.get(resource.name);
      const isSame = had !== undefined && had.changedAt <= sequence && had.resource?.version === resource.version;
      if (!isSame) changed.push(resource);
    }
    const removed: string[] = [];
    for (const [name, entry] of set.#entries) {
      const mayBeHad = entry.knownSince <= sequence && (entry.resource !== undefined || entry.changedAt > sequence);
      if (mayBeHad && this.get(name) === undefined) removed.push(name);
    }
    return { changed, removed };
  }

  /** A cursor at the present, or at the beginning: whoever has nothing yet. */
  cursor(from: 'now' | 'nothing'): Cursor {
    const cursor = new SetCursor(this, from === 'now' ? this.#sequence : 0, () => this.#cursors.delete(cursor));
    this.#cursors.add(cursor);
    return cursor;
  }

  #collect(sequence: number): Changes {
    const changed: EncodedResource[] = [];
    const removed: string[] = [];
    let position = this.#log.length;
    while (position > 0 && (this.#log[position - 1]?.at ?? 0) > sequence) position--;
    for (const { name, at } of this.#log.slice(position)) {
      const entry = this.#entries.get(name);
      if (entry?.changedAt !== at) continue; // changed again later
      if (entry.resource !== undefined) changed.push(entry.resource);
      else if (entry.knownSince <= sequence) removed.push(name);
    }
    return { changed, removed };
  }

  #changed(name: string): number {
    this.#sequence++;
    this.#changesSince.clear();
    this.#log.push({ name, at: this.#sequence });
    return this.#sequence;
  }

  /** Forgets changes that a later one of the same name stands for, and removals that nobody has to be told of. */
  #compactIfLong(): void {
    if (this.#log.length <= this.#longAt) return;
    let oldest = this.#sequence;
    for (const { sequence } of this.#cursors) oldest = Math.min(oldest, sequence);
    this.#log = this.#log.filter(({ name, at }) => {
      const entry = this.#entries.get(name);
      if (entry?.changedAt !== at) return false;
      if (entry.resource !== undefined || at > oldest) return true;
      this.#entries.delete(name);
      return false;
    });
    // Not before it is twice as long: removals that somebody has to be told of may be most of it.
    this.#longAt = 2 * this.#log.length + shortLog;
  }

  #count({ version }: EncodedResource, change: 1 | -1): void {
    this.#size += change;
    const hash = BigInt(`0x${version}`);
    this.#sum = BigInt.asUintN(64, change === 1 ? this.#sum + hash : this.#sum - hash);
  }
}

/** Lists of all resources of a set, by the set's version; many views see the same. */
const wholes = new Map<string, WeakRef<Changes>>();
const goneWholes = new FinalizationRegistry<string>((version) => {
  if (wholes.get(version)?.deref() === undefined) wholes.delete(version);
});

class SetCursor implements Cursor {
  readonly set: ResourceSet;
  sequence: number;
  readonly #onClose: () => void;

  constructor(set: ResourceSet, sequence: number, onClose: () => void) {
    this.set = set;
    this.sequence = sequence;
    this.#onClose = onClose;
  }

  advance(): void {
    this.sequence = this.set.sequence;
  }

  close(): void {
    this.#onClose();
  }
}

const nothing: Changes = { changed: [], removed: [] };
