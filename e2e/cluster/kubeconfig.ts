import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where an API server is and who calls it. Certificates and keys are PEM. */
export interface KubeconfigInput {
  /** The name of the cluster, of its context and of its user alike. */
  readonly name: string;
  readonly server: string;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A kubeconfig of one context with everything in it, as JSON, which is YAML too. */
export function renderKubeconfig(input: KubeconfigInput): string {
  const { name } = input;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: input.server, 'certificate-authority-data': base64(input.authority) } }],
    users: [
      {
        name,
        user: { 'client-certificate-data': base64(input.certificate), 'client-key-data': base64(input.key) },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Writes the kubeconfig of a client whose certificate is in the folder `pki` by the name `client`. */
export async function writeKubeconfig(
  file: string,
  pki: string,
  client: string,
  at: { readonly name: string; readonly server: string },
): Promise<void> {
  const pem = (name: string) => readFile(join(pki, name), 'utf8');
  const [authority, certificate, key] = await Promise.all([pem('ca.crt'), pem(`${client}.crt`), pem(`${client}.key`)]);
  await writeFile(file, renderKubeconfig({ ...at, authority, certificate, key }), { mode: 0o600 });
}
