import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { dump, loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { injectSidecar } from './inject.ts';
import { AnnotationError } from './pod-options.ts';
import { readPod } from './pod.ts';
import type { Container, Pod } from './pod.ts';
import { settings } from './settings.testing.ts';
import type { InjectionSettings } from './settings.ts';

const folder = join(import.meta.dirname, 'testdata');
const cases = readdirSync(folder)
  .filter((file) => file.endsWith('.in.yaml'))
  .map((file) => file.slice(0, -'.in.yaml'.length));

function asPod(value: unknown): Pod {
  const pod = readPod(value);
  if (typeof pod === 'string') throw new Error(pod);
  return pod;
}

/** The pod, and settings that differ from the usual. */
function readCase(name: string): { readonly pod: Pod; readonly settings: InjectionSettings } {
  const [pod, changes] = loadAll(readFileSync(join(folder, `${name}.in.yaml`), 'utf8'));
  return { pod: asPod(pod), settings: { ...settings, ...(changes as Partial<InjectionSettings> | undefined) } };
}

function podWith(annotations: Readonly<Record<string, string>>): Pod {
  return asPod({ metadata: { name: 'web', annotations }, spec: { containers: [{ name: 'web', image: 'web:1' }] } });
}

const proxyOf = ({ spec }: Pod): Container | undefined =>
  [...(spec.initContainers ?? []), ...spec.containers].find(({ name }) => name === 'istio-proxy');

describe('injectSidecar', () => {
  it.each(cases)('makes of %s what the file next to it shows', async (name) => {
    const { pod, settings: own } = readCase(name);
    const injected = injectSidecar(pod, 'shop', own);
    const warnings = injected.warnings.map((warning) => `# warning: ${warning}\n`).join('');
    const text = warnings + dump(injected.pod, { lineWidth: 120, noRefs: true });
    await expect(text).toMatchFileSnapshot(join(folder, `${name}.out.yaml`));
  });

  it.each(cases)('changes nothing in %s once it is injected', (name) => {
    const { pod, settings: own } = readCase(name);
    const once = injectSidecar(pod, 'shop', own).pod;
    expect(injectSidecar(once, 'shop', own).pod).toEqual(once);
    expect(injectSidecar(once, 'shop', { ...own, image: 'registry.example/newer:2' }).pod).toEqual(once);
  });

  it('adds the Secrets that the image is pulled with to those of the pod', () => {
    const pod = podWith({});
    const own = { ...pod, spec: { ...pod.spec, imagePullSecrets: [{ name: 'own' }, { name: 'both' }] } };
    const imagePullSecrets = [{ name: 'both' }, { name: 'mirror' }];
    const injected = injectSidecar(own, 'shop', { ...settings, imagePullSecrets }).pod;
    expect(injected.spec.imagePullSecrets).toEqual([{ name: 'own' }, { name: 'both' }, { name: 'mirror' }]);
    expect(injected.metadata.annotations?.['sidecar.istio.io/status']).toContain(
      '"imagePullSecrets":["both","mirror"]',
    );
  });

  it('rewrites the probes of containers that came after the sidecar', () => {
    const once = injectSidecar(readCase('probes').pod, 'shop', settings).pod;
    const late = { name: 'late', image: 'late:1', livenessProbe: { tcpSocket: { port: 99 } } };
    const added = { ...once, spec: { ...once.spec, containers: [...once.spec.containers, late] } };
    const twice = injectSidecar(added, 'shop', settings).pod;
    expect(twice.spec.containers.at(-1)?.livenessProbe).toEqual({
      httpGet: { path: '/app-health/late/livez', port: 15020, scheme: 'HTTP' },
    });
    const env = proxyOf(twice)?.env?.find(({ name }) => name === 'ISTIO_KUBE_APP_PROBERS');
    expect(Object.keys(JSON.parse(String(env?.value)) as object)).toEqual([
      '/app-health/web/livez',
      '/app-health/web/readyz',
      '/app-health/web/startupz',
      '/app-health/helper/startupz',
      '/app-health/late/livez',
    ]);
    expect(injectSidecar(twice, 'shop', settings).pod).toEqual(twice);
  });

  it('takes a copied status annotation for no sidecar', () => {
    expect(proxyOf(injectSidecar(podWith({ 'sidecar.istio.io/status': '{}' }), 'shop', settings).pod)).toBeDefined();
  });

  it.each([
    ['traffic.sidecar.istio.io/excludeInboundPorts', '80,http', /"http" is wrong/],
    ['traffic.sidecar.istio.io/includeOutboundPorts', '0', /"0" is wrong/],
    ['traffic.sidecar.istio.io/excludeOutboundPorts', '*', /"\*" is wrong/],
    ['traffic.sidecar.istio.io/includeInboundPorts', '99999', /must be ports between commas or \*/],
    ['traffic.sidecar.istio.io/includeOutboundIPRanges', '10.0.0.0/33', /address blocks/],
    ['traffic.sidecar.istio.io/excludeOutboundIPRanges', '10.0.0/8', /address blocks/],
    ['traffic.sidecar.istio.io/excludeInterfaces', 'eth0; rm -rf', /network interfaces/],
    ['sidecar.istio.io/interceptionMode', 'TPROXY', /one of REDIRECT, NONE/],
    ['sidecar.istio.io/proxyCPU', 'lots', /quantity/],
    ['sidecar.istio.io/proxyMemoryLimit', '-1Gi', /quantity/],
    ['sidecar.istio.io/nativeSidecar', 'maybe', /"true" or "false"/],
    ['sidecar.istio.io/rewriteAppHTTPProbers', '1', /"true" or "false"/],
    ['sidecar.istio.io/discoveryAddress', 'istiod', /host:port/],
    ['sidecar.istio.io/userVolume', '[1]', /JSON object/],
    ['sidecar.istio.io/userVolumeMount', '{"x": 1}', /"x" must be an object/],
    ['sidecar.istio.io/userVolume', '{', /annotation sidecar.istio.io\/userVolume="{"/],
    ['status.sidecar.istio.io/port', '8080', /15020, or 0/],
    ['readiness.status.sidecar.istio.io/periodSeconds', '1s', /whole number/],
    ['inject.istio.io/templates', 'sidecar,gateway', /no template "gateway"/],
    ['proxy.istio.io/config', 'concurrency: -1', /concurrency is wrong/],
    ['proxy.istio.io/config', 'proxyMetadata: {"A B": x}', /proxyMetadata is wrong/],
    ['proxy.istio.io/config', '{', /annotation proxy.istio.io\/config/],
    ['proxy.istio.io/config', 'text', /YAML of an object/],
  ])('refuses %s: %s by name', (name, text, reason) => {
    const inject = (): unknown => injectSidecar(podWith({ [name]: text }), 'shop', settings);
    expect(inject).toThrow(AnnotationError);
    expect(inject).toThrow(reason);
    expect(inject).toThrow(name);
  });

  it('tells of all annotations that are wrong at once', () => {
    const wrong = { 'sidecar.istio.io/proxyCPU': 'x', 'sidecar.istio.io/nativeSidecar': 'y' };
    expect(() => injectSidecar(podWith(wrong), 'shop', settings)).toThrow(/nativeSidecar.*proxyCPU|proxyCPU.*nativeS/);
  });

  it('leaves any injected pod as it is, and no probe of its application on a port that needs mutual TLS', () => {
    fc.assert(
      fc.property(somePod, fc.boolean(), (object, nativeSidecar) => {
        const own = { ...settings, nativeSidecar };
        const once = injectSidecar(asPod(object), 'shop', own).pod;
        expect(injectSidecar(once, 'shop', own).pod).toEqual(once);
        const names = once.spec.containers.map(({ name }) => name).filter((name) => name !== 'istio-proxy');
        expect(names).toEqual(object.spec.containers.map(({ name }) => name));
        for (const { livenessProbe } of once.spec.containers.filter(({ name }) => name !== 'istio-proxy')) {
          expect(livenessProbe ?? askedByAgent).toMatchObject(askedByAgent);
        }
      }),
    );
  });
});

const askedByAgent = { httpGet: { port: 15020 } };
const port = fc.integer({ min: 1, max: 14_999 });
const probe = fc.oneof(
  fc.record({ httpGet: fc.record({ port, path: fc.webPath() }) }),
  fc.record({ tcpSocket: fc.record({ port }) }),
  fc.record({ grpc: fc.record({ port }) }),
);
const containers = fc.uniqueArray(
  fc.record(
    { name: fc.stringMatching(/^[a-z]{1,8}$/), image: fc.constant('x:1'), livenessProbe: probe },
    { requiredKeys: ['name'] },
  ),
  { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
);
const somePod = fc.record({
  metadata: fc.record({
    name: fc.constant('some'),
    labels: fc.dictionary(fc.constantFrom('app', 'version', 'security.istio.io/tlsMode'), fc.constantFrom('a', 'b')),
    annotations: fc.dictionary(
      fc.constantFrom('prometheus.io/scrape', 'prometheus.io/port'),
      fc.constantFrom('true', '80'),
    ),
  }),
  spec: fc.record({ containers, initContainers: containers }, { requiredKeys: ['containers'] }),
});
