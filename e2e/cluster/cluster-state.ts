import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { planOf } from './address-plan.ts';
import type { AddressPlan } from './address-plan.ts';
import type { Features } from './component-arguments.ts';
import type { ProcessIdentity } from './component.ts';
import type { Node } from './node.ts';

/** What a cluster's folder tells of it: all that another call needs to look after it or to remove it. */
export interface ClusterState {
  readonly name: string;
  readonly plan: AddressPlan;
  readonly features: Features;
  readonly node?: Node;
  /** By the component's name. */
  readonly components: Readonly<Record<string, ProcessIdentity>>;
  /** Images that were loaded: the digest of their content by short reference. */
  readonly images: Readonly<Record<string, string>>;
  /** When the cluster was ready for the first time, ISO 8601. */
  readonly readySince?: string;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function identityFrom(value: unknown): ProcessIdentity | undefined {
  if (!isObject(value)) return undefined;
  const { pid, startTime } = value;
  return typeof pid === 'number' && typeof startTime === 'number' ? { pid, startTime } : undefined;
}

function entriesOf<T>(value: unknown, read: (entry: unknown) => T | undefined): Readonly<Record<string, T>> {
  const result: Record<string, T> = {};
  for (const [key, entry] of Object.entries(isObject(value) ? value : {})) {
    const good = read(entry);
    if (good !== undefined) result[key] = good;
  }
  return result;
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
const truth = (value: unknown) => (typeof value === 'boolean' ? value : undefined);

function nodeFrom(value: unknown): Node | undefined {
  const [launcher, first] = isObject(value) ? [identityFrom(value['launcher']), identityFrom(value['first'])] : [];
  return launcher && first ? { launcher, first } : undefined;
}

/** @throws Error when the text is no state of a cluster. */
export function parseState(json: string): ClusterState {
  const value: unknown = JSON.parse(json);
  if (!isObject(value)) throw new Error('not an object');
  const [name, block] = [value['name'], value['block']];
  if (typeof name !== 'string' || typeof block !== 'number') throw new Error('neither name nor block of addresses');
  const features = isObject(value['features']) ? value['features'] : {};
  const apis = Array.isArray(features['apis']) ? features['apis'].filter((api) => typeof api === 'string') : [];
  const node = nodeFrom(value['node']);
  const readySince = text(value['readySince']);
  return {
    name,
    plan: planOf(block),
    features: { featureGates: entriesOf(features['featureGates'], truth), apis },
    components: entriesOf(value['components'], identityFrom),
    images: entriesOf(value['images'], text),
    ...(node && { node }),
    ...(readySince && { readySince }),
  };
}

export function renderState({ plan, ...rest }: ClusterState): string {
  return `${JSON.stringify({ ...rest, block: plan.block }, undefined, 2)}\n`;
}

/**
 * The state in a file, or nothing when there is no such file.
 * @throws Error that names the file, when it can't be read or understood.
 */
export async function readState(file: string): Promise<ClusterState | undefined> {
  let json: string;
  try {
    json = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return parseState(json);
  } catch (error) {
    throw new Error(`${file} is not the state of a cluster (${String(error)}); remove its folder by hand`, {
      cause: error,
    });
  }
}

/** Replaces the file at once, so that a reader sees the old or the new. */
export async function writeState(file: string, state: ClusterState): Promise<void> {
  await writeFile(`${file}.new`, renderState(state));
  await rename(`${file}.new`, file);
}

/** The states of all clusters of this user; folders without one are passed over. */
export async function listStates(clusters: string): Promise<readonly ClusterState[]> {
  const names = await readdir(clusters).catch(() => []);
  const states = await Promise.all(
    names.map((name) => readState(join(clusters, name, 'state.json')).catch(() => undefined)),
  );
  return states.filter((state) => state !== undefined);
}
