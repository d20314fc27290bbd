import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { knownReleases } from '../../operator/versions/known-releases.ts';
import { version } from '../../lib/version.ts';
import { envoyVersion } from '../cluster/envoy-binary.ts';
import { inRepository } from '../environment.ts';

const [own] = knownReleases(version);

it("this tree's release has the Envoy that its images are built with", () => {
  expect(own?.envoy).toBe(envoyVersion);
});

it("the chart wants the Kubernetes that this tree's release runs on", () => {
  const minor = String(own?.minKubernetesMinor);
  expect(readFileSync(inRepository('charts/meltemi/Chart.yaml'), 'utf8')).toContain(`kubeVersion: '>=1.${minor}.0-0'`);
});
