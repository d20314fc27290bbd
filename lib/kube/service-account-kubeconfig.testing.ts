import { readFileSync, writeFileSync } from 'node:fs';
import { dump, load } from 'js-yaml';
import type { KubeClient } from './client.ts';
import type { KubeObject } from './object.ts';
import { serviceAccounts } from './resources.ts';

/** Writes a copy of a kubeconfig that has the service account's token in place of the administrator's credentials. */
export async function writeServiceAccountKubeconfig(
  admin: KubeClient,
  kubeconfig: string,
  account: { readonly namespace: string; readonly name: string },
  file: string,
): Promise<string> {
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: account, spec: {} };
  const answer: KubeObject & { readonly status?: { readonly token: string } } = await admin.create(
    serviceAccounts,
    request,
    { subresource: 'token' },
  );
  const config = load(readFileSync(kubeconfig, 'utf8')) as { users: { name: string; user: object }[] };
  const users = config.users.map(({ name }) => ({ name, user: { token: answer.status?.token } }));
  writeFileSync(file, dump({ ...config, users }));
  return file;
}
