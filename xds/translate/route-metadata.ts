import { create } from '@bufbuild/protobuf';
import type { VirtualService } from '../../crds/virtual-service.ts';
import type { Metadata } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import { MetadataSchema } from '../envoy/gen/envoy/config/core/v3/base_pb.js';

/** `/apis/networking.istio.io/v1/namespaces/<namespace>/virtual-service/<name>`: how Istio's tools name a rule's origin. */
export function configPath({ metadata }: VirtualService): string {
  return `/apis/networking.istio.io/v1/namespaces/${metadata.namespace ?? ''}/virtual-service/${metadata.name}`;
}

/** Metadata that says which VirtualService a route comes from (`filter_metadata.istio.config`, as in Istio). */
export function originMetadata(virtualService: VirtualService): Metadata {
  return create(MetadataSchema, { filterMetadata: { istio: { config: configPath(virtualService) } } });
}
