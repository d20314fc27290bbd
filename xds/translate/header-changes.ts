import { create } from '@bufbuild/protobuf';
import type { HeaderOperations, Headers } from '../../crds/virtual-service.ts';
import type { HeaderValueOption } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import {
  HeaderValueOption_HeaderAppendAction,
  HeaderValueOptionSchema,
} from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import type { Report } from '../model/problem.ts';
import { within } from '../model/problem.ts';
import { headerFormatProblem } from '../../config/syntax/header-format.ts';
import { isAuthority, isHeaderName, isHeaderValue } from '../../config/syntax/header-syntax.ts';

/** Changes to headers in the form that Envoy's routes, weighted clusters and virtual hosts share. */
export interface HeaderChanges {
  readonly requestHeadersToAdd: HeaderValueOption[];
  readonly requestHeadersToRemove: string[];
  readonly responseHeadersToAdd: HeaderValueOption[];
  readonly responseHeadersToRemove: string[];
}

export const noHeaderChanges: HeaderChanges = {
  requestHeadersToAdd: [],
  requestHeadersToRemove: [],
  responseHeadersToAdd: [],
  responseHeadersToRemove: [],
};

/** Most headers that Envoy takes in one list. */
const maxHeaders = 1000;

/** Translates changes to headers but for the authority of requests, which {@link authorityOf} reads. */
export function translateHeaders(headers: Headers | undefined, report: Report): HeaderChanges {
  if (headers === undefined) return noHeaderChanges;
  return {
    requestHeadersToAdd: additions(headers.request, within(report, 'request')),
    requestHeadersToRemove: removals(headers.request, within(report, 'request')),
    responseHeadersToAdd: additions(headers.response, within(report, 'response')),
    responseHeadersToRemove: removals(headers.response, within(report, 'response')),
  };
}

/** The authority that changes of request headers ask for by `Host` or `:authority`; `set` goes before `add`. */
export function authorityOf(headers: Headers | undefined, report: Report): string | undefined {
  for (const operation of ['set', 'add'] as const) {
    for (const [name, value] of sorted(headers?.request?.[operation])) {
      if (!isAuthority(name) || value === '') continue;
      if (isHeaderValue(value)) return value;
      report(`request.${operation}[${name}]`, 'the value holds a line end or is longer than 16 KiB; it is left out');
    }
  }
  return undefined;
}

/** Both lists after each other: changes of a destination come after, and so prevail over, those of its rule. */
export function joinHeaderChanges(first: HeaderChanges, second: HeaderChanges): HeaderChanges {
  return {
    requestHeadersToAdd: [...first.requestHeadersToAdd, ...second.requestHeadersToAdd],
    requestHeadersToRemove: [...first.requestHeadersToRemove, ...second.requestHeadersToRemove],
    responseHeadersToAdd: [...first.responseHeadersToAdd, ...second.responseHeadersToAdd],
    responseHeadersToRemove: [...first.responseHeadersToRemove, ...second.responseHeadersToRemove],
  };
}

function additions(operations: HeaderOperations | undefined, report: Report): HeaderValueOption[] {
  const { OVERWRITE_IF_EXISTS_OR_ADD, APPEND_IF_EXISTS_OR_ADD } = HeaderValueOption_HeaderAppendAction;
  const all = [
    ...options(operations?.set, OVERWRITE_IF_EXISTS_OR_ADD, within(report, 'set')),
    ...options(operations?.add, APPEND_IF_EXISTS_OR_ADD, within(report, 'add')),
  ];
  return atMost(all, report);
}

function options(
  values: Readonly<Record<string, string>> | undefined,
  appendAction: HeaderValueOption_HeaderAppendAction,
  report: Report,
): readonly HeaderValueOption[] {
  return sorted(values)
    .filter(([name, value]) => isUsable(name, value, report))
    .map(([key, value]) => {
      // Envoy ignores an empty value unless it is told to keep it; Istio's users mean the header to be there.
      const keep = value === '' ? { keepEmptyValue: true } : {};
      return create(HeaderValueOptionSchema, { header: { key, value }, appendAction, ...keep });
    });
}

function sorted(values: Readonly<Record<string, string>> | undefined): readonly (readonly [string, string])[] {
  return Object.entries(values ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

function isUsable(name: string, value: string, report: Report): boolean {
  if (isAuthority(name)) return false;
  const wrong = additionProblem(name, value);
  if (wrong !== undefined) report(`[${name}]`, `${wrong}; it is left out`);
  return wrong === undefined;
}

function additionProblem(name: string, value: string): string | undefined {
  if (!isHeaderName(name)) return `"${name}" is no name of a header that can be changed`;
  if (!isHeaderValue(value)) return 'the value holds a line end or is longer than 16 KiB';
  return headerFormatProblem(value);
}

function removals(operations: HeaderOperations | undefined, report: Report): string[] {
  const names = (operations?.remove ?? []).filter((name, position) => {
    if (isHeaderName(name) && !isAuthority(name)) return true;
    report(`remove[${position}]`, `"${name}" is no name of a header that can be taken away; it is left out`);
    return false;
  });
  return atMost(names, within(report, 'remove'));
}

function atMost<T>(items: readonly T[], report: Report): T[] {
  if (items.length > maxHeaders) report('', `Envoy takes ${maxHeaders} headers at most; the others are left out`);
  return items.slice(0, maxHeaders);
}
