import type { EnvoyAdmin } from './admin.ts';

/** Why Envoy does not serve yet, in words; undefined when it does. */
export type NotReady = string | undefined;

const statsPath =
  '/stats?filter=' +
  encodeURIComponent(
    String.raw`^(server\.state|listener_manager\.workers_started|(cluster_manager\.cds|listener_manager\.lds)\.update_(success|rejected))$`,
  );

/**
 * Whether Envoy has had its configuration from istiod and begun to serve. Once it has, only whether it lives is asked:
 * a control plane that is away must not make running pods unready.
 */
export class Readiness {
  readonly #admin: EnvoyAdmin;
  #configuredPid: number | undefined;

  constructor(admin: EnvoyAdmin) {
    this.#admin = admin;
  }

  /** `pid` is that of the Envoy that runs now: after a restart it has to be configured again. */
  async check(pid: number | undefined): Promise<NotReady> {
    if (pid === undefined) return 'Envoy is not running';
    try {
      const reason = explainStats(await this.#admin.text('GET', statsPath), this.#configuredPid === pid);
      if (reason === undefined) this.#configuredPid = pid;
      return reason;
    } catch (error) {
      return `Envoy can't be asked: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

/** Reads `/stats` as text. `configured`: it is known that Envoy was ready before. */
export function explainStats(text: string, configured: boolean): NotReady {
  const stats = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name, value] = line.split(': ');
    if (name !== undefined && value !== undefined) stats.set(name, Number(value));
  }
  // States: 0 live, 1 draining, 2 pre-initializing, 3 initializing (Envoy, "Server statistics").
  const state = stats.get('server.state');
  if (configured) return state === 0 ? undefined : `Envoy is not live (server.state ${state ?? 'unknown'})`;
  const got = (name: string): boolean =>
    (stats.get(`${name}.update_success`) ?? 0) + (stats.get(`${name}.update_rejected`) ?? 0) > 0;
  const missing = [
    ...(got('cluster_manager.cds') ? [] : ['clusters']),
    ...(got('listener_manager.lds') ? [] : ['listeners']),
  ];
  if (missing.length > 0) return `Envoy has not received its ${missing.join(' and ')} from the control plane`;
  if (state !== 0) return `Envoy is not live (server.state ${state ?? 'unknown'})`;
  return stats.get('listener_manager.workers_started') === 1 ? undefined : "Envoy's workers have not started";
}
