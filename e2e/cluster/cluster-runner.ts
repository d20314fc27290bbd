import type { KubernetesBinaries } from './binaries.ts';
import { programsOf, type ComponentName } from './cluster-components.ts';
import { writeState, type ClusterState } from './cluster-state.ts';
import { isAlive, startComponent, untilReady, type Component, type RunningComponent } from './component.ts';
import type { ClusterLayout } from './layout.ts';
import { nodeComponent } from './node.ts';

/** Starts components of one cluster, and keeps what it knows of them in the cluster's state file. */
export class ClusterRunner {
  readonly layout: ClusterLayout;
  #state: ClusterState;
  readonly #binaries: KubernetesBinaries;

  constructor(layout: ClusterLayout, state: ClusterState, binaries: KubernetesBinaries) {
    this.layout = layout;
    this.#state = state;
    this.#binaries = binaries;
  }

  get state(): ClusterState {
    return this.#state;
  }

  /** Changes the state, in memory and in its file. */
  async update(change: Partial<ClusterState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    await writeState(this.layout.stateFile, this.#state);
  }

  /** A component as it is started in the node. */
  component(name: ComponentName): Component {
    const { node } = this.#state;
    if (!node) throw new Error(`cluster ${this.layout.name}: ${name} has no node to run in`);
    return nodeComponent(this.layout, node.first, programsOf(this.layout, this.#state, this.#binaries)[name]);
  }

  async start(names: readonly ComponentName[]): Promise<void> {
    for (const name of names) {
      const process = await startComponent(this.component(name));
      await this.update({ components: { ...this.#state.components, [name]: process } });
    }
  }

  /** Those of the components that were started. */
  running(): readonly RunningComponent[] {
    return Object.entries(this.#state.components).map(([name, process]) => ({
      component: this.component(name as ComponentName),
      process,
    }));
  }

  /** Those of the components that don't run. */
  async dead(names: readonly ComponentName[]): Promise<readonly ComponentName[]> {
    const dead: ComponentName[] = [];
    for (const name of names) {
      const process = this.#state.components[name];
      if (!process || !(await isAlive(process))) dead.push(name);
    }
    return dead;
  }

  /** Waits for `check`, unless one of the components dies first. */
  async untilReady(what: string, check: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    await untilReady(`cluster ${this.layout.name}: ${what}`, this.running(), check, timeoutMs);
  }
}
