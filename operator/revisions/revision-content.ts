import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import type { Images } from '../components/revision.ts';
import type { RevisionContent } from './revision-record.ts';

/** What the spec of a MeshControlPlane asks for, with the version and the images that it comes to. */
export function contentOf(
  { spec }: Pick<MeshControlPlane, 'spec'>,
  { version, images }: { readonly version: string; readonly images: Images },
): RevisionContent {
  const { meshConfig, proxy, injection, telemetry } = spec;
  // Its image is among the images.
  const { image: _, ...sidecar } = proxy;
  return { version, images, meshConfig, proxy: sidecar, injection, telemetry };
}
