import { create } from '@bufbuild/protobuf';
import type { HttpDirectResponse } from '../../crds/virtual-service.ts';
import type { DirectResponseAction } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { DirectResponseActionSchema } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import type { Report } from '../model/problem.ts';

/** Most bytes that the body of a direct response may have: 1 MiB, as in Istio. */
export const maxDirectResponseBytes = 1024 * 1024;

/** Translates an answer that Envoy gives by itself; undefined where it can't be given as written. */
export function translateDirectResponse(
  response: HttpDirectResponse,
  report: Report,
): DirectResponseAction | undefined {
  if (!(response.status >= 200 && response.status < 600)) {
    report('status', `${response.status} is no HTTP status from 200 to 599; the rule answers 500`);
    return undefined;
  }
  const body = bodyBytes(response);
  if (body !== undefined && body.length > maxDirectResponseBytes) {
    report(
      'body',
      `the body has ${body.length} bytes, and ${maxDirectResponseBytes} are the most; the rule answers 500`,
    );
    return undefined;
  }
  const action = directAnswer(response.status);
  if (response.body?.string !== undefined) {
    action.body = create(DirectResponseActionSchema, {
      body: { specifier: { case: 'inlineString', value: response.body.string } },
    }).body;
  } else if (body !== undefined) {
    action.body = create(DirectResponseActionSchema, {
      body: { specifier: { case: 'inlineBytes', value: body } },
    }).body;
  }
  return action;
}

/** An answer with a status and no body. */
export function directAnswer(status: number): DirectResponseAction {
  return create(DirectResponseActionSchema, { status });
}

function bodyBytes({ body }: HttpDirectResponse): Uint8Array | undefined {
  if (body?.string !== undefined) return Buffer.from(body.string);
  return body?.bytes === undefined ? undefined : Buffer.from(body.bytes, 'base64');
}
