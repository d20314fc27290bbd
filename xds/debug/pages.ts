import type { ResourceType } from '../envoy/type-urls.ts';
import { sendOrder, shortNames } from '../envoy/type-urls.ts';
import type { HttpAnswer } from '../../lib/http-server.ts';
import { connectedClients } from './connections.ts';
import { knownEndpoints } from './endpoints.ts';
import { PageText, PageTooLongError } from './page-text.ts';
import type { DebugConnection, DebugState } from './state.ts';
import { findConnection, proxyName, sortedConnections } from './state.ts';
import { syncStatuses } from './sync-status.ts';

/** A page: its JSON text. */
type Page = (state: DebugState, query: URLSearchParams) => Promise<string>;

const pages: Readonly<Record<string, { readonly help: string; readonly page: Page }>> = {
  syncz: {
    help: 'what each proxy connected to this replica was sent and has acknowledged; ?namespace= for those of one',
    page: (state, query) => listPage(syncStatuses(state, query.get('namespace') ?? undefined)),
  },
  connections: {
    help: 'the streams of proxies to this replica',
    page: (state) => Promise.resolve(JSON.stringify(connectedClients(state))),
  },
  config_dump: {
    help: 'what a proxy should have, ?proxyID=<pod>.<namespace>; &include_eds for endpoints too, &types=cds,rds for some',
    page: async (state, query) => {
      const connection = connectionOf(state, query);
      const types = query.get('types');
      return types === null
        ? dumpPage(connection, query.has('include_eds'))
        : resourcesPage(connection, typesNamed(types));
    },
  },
  list: {
    help: 'the names of these pages',
    page: () => Promise.resolve(JSON.stringify(pageNames)),
  },
  endpointz: {
    help: 'the endpoints of all services; those that a proxy should have with ?proxyID=<pod>.<namespace>',
    page: (state, query) =>
      query.has('proxyID') ? resourcesPage(connectionOf(state, query), ['endpoint']) : endpointsPage(state),
  },
};

/** The names of all pages. */
export const pageNames: readonly string[] = Object.keys(pages).filter((name) => name !== 'list');

/** Why there is no page; the message is for who asked. */
class PageError extends Error {
  override readonly name = 'PageError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * A debug page of this replica, in JSON; `?pretty` indents it. `name` is what stands behind `/debug/`. What the asker
 * got wrong is told in the answer; whatever else fails is thrown.
 */
export async function debugPage(state: DebugState, name: string, query: URLSearchParams): Promise<HttpAnswer> {
  try {
    if (!Object.hasOwn(pages, name)) throw new PageError(404, `404 page not found: there are ${pageNames.join(', ')}`);
    const text = await pages[name]?.page(state, query);
    const body = query.has('pretty') ? JSON.stringify(JSON.parse(text ?? ''), null, 2) : text;
    return { contentType: 'application/json', body: `${body ?? ''}\n` };
  } catch (error) {
    if (error instanceof PageError) return { status: error.status, body: `${error.message}\n` };
    if (error instanceof PageTooLongError) return { status: 500, body: `${error.message}\n` };
    throw error;
  }
}

/** The page that names all others. */
export function debugIndex(): HttpAnswer {
  const lines = Object.entries(pages).map(([name, { help }]) => `/debug/${name}\n    ${help}\n`);
  return { body: `${lines.join('')}\n?pretty indents a page.\n` };
}

async function listPage(values: Iterable<unknown>): Promise<string> {
  const text = new PageText();
  text.add('[');
  await text.addList(values);
  text.add(']');
  return text.toString();
}

async function endpointsPage(state: DebugState): Promise<string> {
  const text = new PageText();
  text.add('{');
  await text.addEach(knownEndpoints(state), ([host, shards]) => `${JSON.stringify(host)}:${JSON.stringify(shards)}`);
  text.add('}');
  return text.toString();
}

/** Envoy's messages are loaded by who asks for them first: istiod needs no JSON of them otherwise. */
async function dumpPage(connection: DebugConnection, includeEndpoints: boolean): Promise<string> {
  const { configDump } = await import('./config-dump.ts');
  const text = new PageText();
  text.add('{"configs":[');
  let separator = '';
  for (const part of configDump(connection, { includeEndpoints })) {
    text.add(`${separator}${JSON.stringify(part.head).slice(0, -1)},${JSON.stringify(part.field)}:[`);
    await text.addList(part.entries());
    text.add(']}');
    separator = ',';
  }
  text.add(']}');
  return text.toString();
}

async function resourcesPage(connection: DebugConnection, types: readonly ResourceType[]): Promise<string> {
  const { dumpedResources } = await import('./config-dump.ts');
  const text = new PageText();
  text.add('{"configs":[');
  await text.addList(dumpedResources(connection, types));
  text.add(']}');
  return text.toString();
}

function typesNamed(names: string): readonly ResourceType[] {
  return [...new Set(names.split(','))].map((name) => {
    const type = sendOrder.find((it) => shortNames[it] === name.trim().toLowerCase());
    if (type !== undefined) return type;
    throw new PageError(400, `there is no type ${JSON.stringify(name)}: ${Object.values(shortNames).join(', ')}`);
  });
}

/** As many as a terminal shows at once. */
const maxNamed = 40;

/** The sentences before the colon are those of Istio: istioctl looks for them, and then asks another replica. */
function connectionOf(state: DebugState, query: URLSearchParams): DebugConnection {
  const id = query.get('proxyID') ?? '';
  const connection = id === '' ? undefined : findConnection(state, id);
  if (connection !== undefined) return connection;
  const connected = [...new Set(sortedConnections(state).map(({ proxy }) => proxyName(proxy)))];
  const more = connected.length - maxNamed;
  const names = connected.slice(0, maxNamed).join(', ') + (more > 0 ? ` and ${String(more)} more` : '');
  const here = connected.length === 0 ? 'No proxy is connected here.' : `Connected here: ${names}`;
  throw id === ''
    ? new PageError(400, `You must provide a proxyID in the query string: ?proxyID=<pod>.<namespace>. ${here}`)
    : new PageError(
        404,
        `Proxy not connected to this Pilot instance. It may be connected to another instance. There is no ` +
          `${JSON.stringify(id.slice(0, 300))}; a proxy is named <pod>.<namespace>. ${here}`,
      );
}
