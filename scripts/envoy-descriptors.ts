/**
 * Makes `xds/envoy/envoy.binpb`: the descriptor set of the part of Envoy's API that Meltemi speaks.
 *
 * Source: the Go module `github.com/envoyproxy/go-control-plane/envoy` (Apache-2.0), whose generated files embed each
 * proto file's descriptor as a string constant. Nothing of Go is compiled: the constants are read as text. Run it by
 * hand when the version below changes: `node scripts/envoy-descriptors.ts` (needs `go` for the module download).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { envoyTypes } from '../xds/envoy/types.ts';

const envoyModule = 'github.com/envoyproxy/go-control-plane/envoy';
const envoyVersion = 'v1.40.0';

/** Other modules whose descriptors Envoy's files import, by the prefix of the imported proto path. */
const importedModules = [
  'github.com/cncf/xds/go',
  'github.com/envoyproxy/protoc-gen-validate',
  'github.com/prometheus/client_model',
  'go.opentelemetry.io/proto/otlp',
  'google.golang.org/genproto/googleapis/api',
  'google.golang.org/genproto/googleapis/rpc',
  'cel.dev/expr',
];

/** Descriptors that live in google.golang.org/protobuf. */
const protobufModule = 'google.golang.org/protobuf';

const scratch = mkdtempSync(join(tmpdir(), 'envoy-descriptors-'));
try {
  writeFileSync(join(scratch, 'go.mod'), 'module scratch\n\ngo 1.26.0\n');
  const moduleFolder = (path: string, version: string): string => {
    const found = JSON.parse(
      execFileSync('go', ['mod', 'download', '-json', `${path}@${version}`], { cwd: scratch, encoding: 'utf8' }),
    ) as { readonly Dir: string };
    return found.Dir;
  };
  const envoyFolder = moduleFolder(envoyModule, envoyVersion);
  const required = new Map(
    [...readFileSync(join(envoyFolder, 'go.mod'), 'utf8').matchAll(/^\t(\S+) (v\S+)/gm)].map(
      ([, path = '', version = '']) => [path, version],
    ),
  );
  const folders = [
    envoyFolder,
    ...[...importedModules, protobufModule].map((path) => {
      const version = required.get(path);
      if (version === undefined) throw new Error(`${envoyModule} ${envoyVersion} no longer requires ${path}`);
      return moduleFolder(path, version);
    }),
  ];
  const files = new Map<string, FileDescriptorProto>();
  for (const folder of folders) for (const file of embeddedDescriptors(folder)) files.set(file.name, file);

  const full = join(scratch, 'full.binpb');
  const set = create(FileDescriptorSetSchema, { file: inImportOrder(files) });
  writeFileSync(full, toBinary(FileDescriptorSetSchema, set));
  const output = 'xds/envoy/envoy.binpb';
  execFileSync(
    'buf',
    ['build', full, '--exclude-source-info', ...envoyTypes.flatMap((type) => ['--type', type]), '-o', output],
    { stdio: 'inherit' },
  );
  console.log(`${output}: ${files.size} files read, ${readFileSync(output).length} bytes kept`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** Reads every descriptor that the generated Go files below a folder embed. */
function embeddedDescriptors(folder: string): FileDescriptorProto[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.pb.go'))
    .flatMap((path) => {
      const raw = embeddedBytes(readFileSync(join(folder, path), 'utf8'));
      return raw === undefined ? [] : [fromBinary(FileDescriptorProtoSchema, raw)];
    });
}

/** The descriptor's bytes: newer generators write a string constant, older ones a byte slice. */
function embeddedBytes(source: string): Buffer | undefined {
  const text = /_rawDesc = "" \+\n((?:\t"(?:[^"\\]|\\.)*"(?: \+)?\n)+)/.exec(source)?.[1];
  if (text !== undefined) {
    return Buffer.concat([...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, literal = '']) => goStringBytes(literal)));
  }
  const slice = /_rawDesc = \[\]byte\{([^}]*)\}/.exec(source)?.[1];
  return slice === undefined ? undefined : Buffer.from(slice.replaceAll(/0x|[\s,]/g, ''), 'hex');
}

/** Decodes the inside of a Go interpreted string literal (Go specification, "String literals"). */
function goStringBytes(literal: string): Buffer {
  const simple: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92, '"': 34 };
  const parts = literal.split(/(\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.))/);
  return Buffer.concat(
    parts.map((part) => {
      if (!part.startsWith('\\')) return Buffer.from(part, 'utf8');
      const escape = part.slice(1);
      if (escape.startsWith('x')) return Buffer.from(escape.slice(1), 'hex');
      if (/^[uU]/.test(escape)) return Buffer.from(String.fromCodePoint(Number.parseInt(escape.slice(1), 16)), 'utf8');
      if (/^[0-7]/.test(escape)) return Buffer.from([Number.parseInt(escape, 8)]);
      const byte = simple[escape];
      if (byte === undefined) throw new Error(`unknown escape \\${escape} in a Go string literal`);
      return Buffer.from([byte]);
    }),
  );
}

/** Orders Envoy's files and what they import so that each comes after its imports, as a descriptor set must. */
function inImportOrder(files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto[] {
  const ordered = new Map<string, FileDescriptorProto>();
  const visit = (name: string): void => {
    if (ordered.has(name)) return;
    const file = files.get(name);
    if (file === undefined) return; // reported by buf if anything that is kept needs it
    for (const dependency of file.dependency) visit(dependency);
    ordered.set(name, file);
  };
  for (const name of [...files.keys()].sort()) if (name.startsWith('envoy/')) visit(name);
  return [...ordered.values()];
}
