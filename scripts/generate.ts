/**
 * Makes everything that is derived from another file: protobuf code (not checked in), and the chart's custom resource
 * definitions, permissions and dashboards, the OLM bundle and its catalog, and the reference pages (checked in).
 *
 *   node scripts/generate.ts           writes what is stale
 *   node scripts/generate.ts --check   writes nothing of what is checked in; exits with 1 and names what is stale
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { renderedChart } from '../charts/generate.ts';
import { renderedCrds, renderedReference } from '../crds/generate.ts';
import { renderedPackage } from '../olm/generate.ts';
import { renderedOperatorRules } from '../operator/operator-rules.ts';

/** Protobuf sources and the folder their generated code goes to. */
const protobuf = [
  { input: 'xds/envoy/envoy.binpb', output: 'xds/envoy/gen', options: ['--include-imports'] },
  { input: 'ca/api/istio_ca.proto', output: 'ca/api/gen', options: [] },
] as const;

for (const { input, output, options } of protobuf) generateProtobuf(input, output, options);

const rendered = [
  ...renderedCrds(),
  ...renderedReference(),
  ...renderedOperatorRules(),
  ...renderedChart(),
  ...renderedPackage(),
];
const stale = rendered.filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is stale: run \`npm run generate\` and commit the result`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`generate: ${path}`);
  }
}

/** Runs protoc-gen-es when the input or the plugin changed since the last time. */
function generateProtobuf(input: string, output: string, options: readonly string[]): void {
  const plugin = readFileSync('node_modules/@bufbuild/protoc-gen-es/package.json');
  const stamp = createHash('sha256').update(readFileSync(input)).update(plugin).digest('hex');
  const stampFile = `${output}/.stamp`;
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  console.log(`generate: ${output} from ${input} (some seconds)`);
  rmSync(output, { recursive: true, force: true });
  const template = {
    version: 'v2',
    plugins: [{ local: 'protoc-gen-es', out: output, opt: ['target=js+dts', 'import_extension=js'] }],
  };
  const source = input.endsWith('.proto') ? [dirname(input), '--path', input] : [input];
  execFileSync('buf', ['generate', ...source, '--template', JSON.stringify(template), ...options], {
    stdio: 'inherit',
  });
  writeFileSync(stampFile, stamp);
}
