import { istiodConfigKey, renderIstiodConfig } from '../../config/istiod-config.ts';
import { configMaps } from '../../lib/kube/resources.ts';
import { annotationKeys, configMapName } from '../names.ts';
import type { DesiredObject } from './desired.ts';
import { desired } from './desired.ts';
import { inNamespace } from './metadata.ts';
import type { Revision } from './revision.ts';

/** The file that istiod reads, as text. */
export function istiodConfigText({ spec, images, pullSecrets }: Revision): string {
  const { meshConfig, injection, telemetry } = spec;
  // What becomes of the root in the end is nothing to istiod, and no reason to restart it.
  const ca = { ...spec.ca, deletionPolicy: 'Retain' as const };
  const secrets = pullSecrets.proxy.length === 0 ? {} : { imagePullSecrets: pullSecrets.proxy };
  const proxy = { ...spec.proxy, ...secrets, image: images.proxy };
  return renderIstiodConfig({ meshConfig, proxy, ca, injection, telemetry });
}

export function configuration(revision: Revision): DesiredObject {
  const metadata = inNamespace(revision, configMapName(revision.name));
  const annotations = { [annotationKeys.version]: revision.version };
  return desired(
    configMaps,
    { ...metadata, annotations },
    {
      data: { [istiodConfigKey]: istiodConfigText(revision) },
    },
  );
}
