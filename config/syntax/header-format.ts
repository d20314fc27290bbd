import { plainCommands } from './header-commands.ts';

/** A command of Envoy's header formatting: `%NAME%`, `%NAME(parameters)%`, `%NAME(parameters):length%`. */
const command = /%(?:%|(?<name>[A-Z0-9_]+)(?:\((?<parameters>.*?)\))?(?<length>:\d{1,6})?%)/y;

/** Name of a header, or of one and another for when it is missing, as `REQ` and its like take them. */
const headerParameter = /^:?[\w.-]+(\?:?[\w.-]+)?$/;
const someParameter = /./;
const filterStateParameter = /^[\w.-]+(:(PLAIN|TYPED))?$/;
const metadataParameter = /^(DYNAMIC|CLUSTER|ROUTE|UPSTREAM_HOST):./;
const timeFormat = /^[^\n]*$/;

/** What the parameters of commands have to look like for Envoy to take them. */
const parametersOf: Readonly<Record<string, RegExp>> = {
  REQ: headerParameter,
  REQUEST_HEADER: headerParameter,
  RESP: headerParameter,
  RESPONSE_HEADER: headerParameter,
  TRAILER: headerParameter,
  RESPONSE_TRAILER: headerParameter,
  DYNAMIC_METADATA: someParameter,
  CLUSTER_METADATA: someParameter,
  UPSTREAM_METADATA: someParameter,
  ENVIRONMENT: someParameter,
  QUERY_PARAM: someParameter,
  FILTER_STATE: filterStateParameter,
  UPSTREAM_FILTER_STATE: filterStateParameter,
  METADATA: metadataParameter,
  START_TIME: timeFormat,
  EMIT_TIME: timeFormat,
};

/** The commands whose result can be cut to a length. */
const cuttable: ReadonlySet<string> = new Set([
  'REQ',
  'REQUEST_HEADER',
  'RESP',
  'RESPONSE_HEADER',
  'TRAILER',
  'RESPONSE_TRAILER',
  'ENVIRONMENT',
  'QUERY_PARAM',
  'FILTER_STATE',
]);

/**
 * Why a header value can't go to Envoy for its percent signs; undefined for one that can. Envoy refuses the whole
 * resource for one value that it can't format, so commands whose parameters can't be judged here (`CEL`) are refused.
 */
export function headerFormatProblem(value: string): string | undefined {
  let end = 0;
  for (let at = value.indexOf('%'); at >= 0; at = value.indexOf('%', end)) {
    command.lastIndex = at;
    const found = command.exec(value);
    if (found === null) return `the % at position ${at} begins no command of Envoy's; write %% for a percent sign`;
    end = command.lastIndex;
    const { name, parameters, length } = found.groups ?? {};
    if (name !== undefined && !isKnown(name, parameters, length)) {
      return `Envoy can't be given the command ${found[0]}; write %% for a percent sign`;
    }
  }
  return undefined;
}

function isKnown(name: string, parameters: string | undefined, length: string | undefined): boolean {
  if (length !== undefined && !cuttable.has(name)) return false;
  if (parameters === undefined) return plainCommands.has(name);
  return Object.hasOwn(parametersOf, name) && parametersOf[name]?.test(parameters) === true;
}
