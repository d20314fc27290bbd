import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';

/** One certificate of a cluster. `name` is the base name of its files, `<name>.crt` and `<name>.key`. */
export interface CertificateRequest {
  readonly name: string;
  readonly commonName: string;
  /** Kubernetes reads a client's groups from O (RFC 4514 `O=`). */
  readonly organization?: string;
  /** What a server's certificate is good for. */
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
}

const days = '3650';
const authorityName = 'ca';

/** The subject in the form that openssl-req(1) takes. */
export function subjectOf(request: CertificateRequest): string {
  return `${request.organization ? `/O=${request.organization}` : ''}/CN=${request.commonName}`;
}

/** The value of the extension subjectAltName in the form that x509v3_config(5) takes, or nothing for a mere client. */
export function alternativeNamesOf(request: CertificateRequest): string | undefined {
  const names = [
    ...(request.dnsNames ?? []).map((name) => `DNS:${name}`),
    ...(request.ips ?? []).map((ip) => `IP:${ip}`),
  ];
  return names.length > 0 ? names.join(',') : undefined;
}

/**
 * Makes in a folder: an authority (`ca.crt`, `ca.key`), the certificates asked for, all signed by it, and the key pair
 * with which service account tokens are signed (`sa.key`, `sa.pub`). Keys are P-256. What is there stays.
 */
export async function makeCertificates(folder: string, requests: readonly CertificateRequest[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(join(folder, `${authorityName}.crt`))) {
    await writeFile(join(folder, 'openssl.cnf'), '[req]\ndistinguished_name = subject\n[subject]\n');
    await openssl(folder, { name: authorityName, commonName: 'kubernetes' }, [
      ...[
        '-addext',
        'basicConstraints=critical,CA:TRUE',
        '-addext',
        'keyUsage=critical,keyCertSign,cRLSign,digitalSignature',
      ],
    ]);
    const tokenKey = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', join(folder, 'sa.key')];
    await run('openssl', ['genpkey', ...tokenKey]);
    await run('openssl', ['pkey', '-in', join(folder, 'sa.key'), '-pubout', '-out', join(folder, 'sa.pub')]);
  }
  const wanted = requests.filter(({ name }) => !existsSync(join(folder, `${name}.crt`)));
  await Promise.all(wanted.map((request) => openssl(folder, request, leafExtensions(folder, request))));
}

function leafExtensions(folder: string, request: CertificateRequest): readonly string[] {
  const alternativeNames = alternativeNamesOf(request);
  return [
    ...['-CA', join(folder, `${authorityName}.crt`), '-CAkey', join(folder, `${authorityName}.key`)],
    ...['-addext', 'keyUsage=critical,digitalSignature', '-addext', 'extendedKeyUsage=clientAuth,serverAuth'],
    ...(alternativeNames ? ['-addext', `subjectAltName=${alternativeNames}`] : []),
  ];
}

async function openssl(folder: string, request: CertificateRequest, more: readonly string[]): Promise<void> {
  const files = ['-keyout', join(folder, `${request.name}.key`), '-out', join(folder, `${request.name}.crt`)];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const what = ['-config', join(folder, 'openssl.cnf'), '-x509', '-sha256', '-days', days, '-subj', subjectOf(request)];
  await run('openssl', ['req', ...what, ...key, ...files, ...more]);
}
