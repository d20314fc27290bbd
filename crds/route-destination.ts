import { portSelector } from './istio-scalars.ts';
import type { Infer } from './schema.ts';
import { object, required, string } from './schema.ts';

/** Istio's Destination: where traffic goes. */
export function destination(description: string) {
  return object(description, {
    host: required(
      string("A service of the registry. A name without dots is completed with the VirtualService's own namespace."),
    ),
    subset: string("A subset that the host's DestinationRule names."),
    port: portSelector('The port of the host; may be left out where the host has one port only.'),
  });
}

export type Destination = Infer<ReturnType<typeof destination>>;
