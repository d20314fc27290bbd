import { load } from 'js-yaml';
import type { Problem } from './problem.ts';
import { validate } from './validate.ts';

/** For tests: the problems of a spec in YAML, each as `severity path: message`. */
export function problemsOf(apiVersion: string, kind: string, yaml: string): readonly string[] {
  const metadata = { name: 'example', namespace: 'default' };
  return validate({ apiVersion, kind, metadata, spec: load(yaml) }).map(asLine);
}

function asLine({ severity, path, message }: Problem): string {
  return `${severity} ${path}: ${message}`;
}
