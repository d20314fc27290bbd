import { CommandError } from '../cluster/command.ts';
import type { Environment } from '../environment.ts';
import { ensureMesh } from '../mesh.ts';
import type { Scenario } from '../scenario.ts';

/** Objects that cannot work, and the field that the refusal has to name. */
const refused = [
  {
    field: 'spec.http[0].route[1].weight',
    object: virtualService({
      route: [
        { destination: { host: 'a' }, weight: 50 },
        { destination: { host: 'b' }, weight: -1 },
      ],
    }),
  },
  {
    field: 'spec.http[0].timeout',
    object: virtualService({ route: [{ destination: { host: 'a' } }], timeout: '0.1ms' }),
  },
  {
    field: 'spec.http[0].match[0].uri.regex',
    object: virtualService({ match: [{ uri: { regex: '(?=x)' } }], route: [{ destination: { host: 'a' } }] }),
  },
  {
    field: 'spec.subsets[1]',
    object: {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'bad', namespace: 'default' },
      spec: { host: 'a', subsets: [{ name: 'v1' }, { name: 'v1' }] },
    },
  },
] as const;

function virtualService(http: object) {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'bad', namespace: 'default' },
    spec: { hosts: ['a'], http: [http] },
  };
}

export const validation: Scenario = {
  name: 'validation',
  summary: 'objects that cannot work are rejected on apply, with the path of the field and why',
  async run(environment, check) {
    await ensureMesh(environment);
    for (const { field, object } of refused) {
      const message = await refusalOf(environment, object);
      check(`${object.kind} with a bad ${field} is refused by that name`, message?.includes(field) === true, message);
    }
    const good = virtualService({ route: [{ destination: { host: 'a' } }] });
    const message = await refusalOf(environment, good);
    check('a VirtualService that can work is taken', message === undefined, message);
    return { objects: refused.length + 1 };
  },
};

async function refusalOf({ cluster }: Environment, object: object): Promise<string | undefined> {
  try {
    await cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], { input: JSON.stringify(object) });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return error.result.stderr;
  }
}
