import { uint32 } from './istio-scalars.ts';
import type { Infer } from './schema.ts';
import { array, boolean, map, object, string } from './schema.ts';
import { stringMatch } from './string-match.ts';

/** Istio's HTTPMatchRequest: all conditions of one entry have to hold. */
export const httpMatchRequest = object('Conditions on a request, all of which have to hold.', {
  name: string("Name of the match, appended to the route's name in access logs."),
  uri: stringMatch('The path of the request, without the query.'),
  scheme: stringMatch('The scheme of the request.'),
  method: stringMatch('The method of the request.'),
  authority: stringMatch('The Host or :authority header of the request.'),
  headers: map('Header values, by lower-case header name.', stringMatch('What the value has to be.')),
  withoutHeaders: map('As headers, but these must not match.', stringMatch('What the value must not be.')),
  queryParams: map('Query parameters, by name.', stringMatch('What the value has to be.')),
  ignoreUriCase: boolean('Compare exact and prefix paths without regard to case.'),
  port: uint32('The port that the request was sent to.'),
  sourceLabels: map('Labels of the workload that sends.', string('A label value.')),
  sourceNamespace: string('Namespace of the workload that sends.'),
  gateways: array("Gateways that the match is for, instead of the VirtualService's own.", string('Name of a gateway.')),
  statPrefix: string('Prefix of the statistics kept for the route.'),
});

export type HttpMatchRequest = Infer<typeof httpMatchRequest>;
