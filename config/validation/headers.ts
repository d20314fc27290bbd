import type { HeaderOperations, Headers } from '../../crds/header-operations.ts';
import { headerFormatProblem } from '../syntax/header-format.ts';
import { isAuthority, isHeaderName, isHeaderValue } from '../syntax/header-syntax.ts';
import type { Problems } from './problem.ts';
import { each, error } from './problem.ts';

export function* checkHeaders(headers: Headers | undefined, path: string): Problems {
  yield* checkOperations(headers?.request, `${path}.request`, true);
  yield* checkOperations(headers?.response, `${path}.response`, false);
}

function* checkOperations(operations: HeaderOperations | undefined, path: string, isRequest: boolean): Problems {
  yield* checkValues(operations?.set, `${path}.set`, isRequest);
  yield* checkValues(operations?.add, `${path}.add`, isRequest);
  yield* each(operations?.remove, `${path}.remove`, (name, at) => checkName(name, at, false));
}

function* checkValues(
  values: Readonly<Record<string, string>> | undefined,
  path: string,
  mayBeAuthority: boolean,
): Problems {
  for (const [name, value] of Object.entries(values ?? {})) {
    yield* checkName(name, path, mayBeAuthority);
    const wrong = isHeaderValue(value) ? headerFormatProblem(value) : 'must hold no line end and be 16 KiB at most';
    if (wrong !== undefined) yield error(`${path}.${name}`, wrong);
  }
}

/** The authority can be changed on requests, but not be taken away. */
function* checkName(name: string, path: string, mayBeAuthority: boolean): Problems {
  if (isAuthority(name)) {
    if (!mayBeAuthority) yield error(path, `"${name}" can only be changed, and on requests only`);
  } else if (!isHeaderName(name)) yield error(path, `"${name}" is no name of a header`);
}

/** Names in a list of headers, where `*` may stand for all. */
export function checkHeaderNames(names: readonly string[] | undefined, path: string): Problems {
  return each(names, path, function* (name, at) {
    if (!isHeaderName(name)) yield error(at, `"${name}" is no name of a header`);
  });
}
