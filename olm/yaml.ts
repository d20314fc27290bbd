import { dump } from 'js-yaml';

/** The form of every generated file: no anchors, lists at the level of their key, long texts unbroken. */
export function toYaml(document: unknown): string {
  return dump(document, { noRefs: true, seqNoIndent: true, lineWidth: -1 });
}

/** Several documents in one file. */
export function toYamlStream(documents: readonly unknown[]): string {
  return documents.map((document) => `---\n${toYaml(document)}`).join('');
}
