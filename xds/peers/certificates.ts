import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

/** A certificate authority in a folder, made with OpenSSL, which issues certificates of identities as Envoy's secrets. */
export class TestAuthority {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#makeKey('ca');
    this.#openssl('req', '-x509', '-new', '-key', 'ca.key', '-subj', '/O=mesh', '-days', '2', '-out', 'ca.pem');
    this.#writeSecret('ROOTCA', 'ROOTCA', { validationContext: { trustedCa: this.#file('ca.pem') } });
  }

  /** The file of the secret by which an identity proves itself. */
  issue(name: string, spiffeId: string): string {
    this.#makeKey(name);
    writeFileSync(
      join(this.#folder, `${name}.ext`),
      `subjectAltName=critical,URI:${spiffeId}\nextendedKeyUsage=serverAuth,clientAuth\n`,
    );
    this.#openssl('req', '-new', '-key', `${name}.key`, '-subj', '/', '-out', `${name}.csr`);
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', `${name}.ext`];
    this.#openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-out', `${name}.pem`);
    const tlsCertificate = {
      certificateChain: this.#file(`${name}.pem`),
      privateKey: this.#file(`${name}.key`),
    };
    return this.#writeSecret(name, 'default', { tlsCertificate });
  }

  get rootsFile(): string {
    return join(this.#folder, 'ROOTCA.json');
  }

  #makeKey(name: string): void {
    this.#openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
  }

  #writeSecret(file: string, name: string, secret: object): string {
    const path = join(this.#folder, `${file}.json`);
    writeFileSync(path, JSON.stringify({ resources: [{ '@type': secretType, name, ...secret }] }));
    return path;
  }

  #file(name: string) {
    return { filename: join(this.#folder, name) };
  }

  #openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: 'pipe' });
  }
}
