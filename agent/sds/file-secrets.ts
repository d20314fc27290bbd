import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Logger } from '../../lib/logger.ts';
import type { SecretStore } from './secret-store.ts';

/** How soon a changed file is noticed at the latest. */
const pollMs = 10_000;
/** Roots of the operating system in the proxy's image, which is Debian's. */
const systemRoots = '/etc/ssl/certs/ca-certificates.crt';

/** Files behind a secret that istiod names after them, see {@link parseFileSecret}. */
export type FileSecret =
  | { readonly kind: 'roots'; readonly file: string }
  | { readonly kind: 'certificate'; readonly chainFile: string; readonly keyFile: string };

/**
 * Reads the name of a secret out of files of the pod, as Istio names them for the TLS settings of a DestinationRule:
 * `file-root:<path>`, `file-root:system` and `file-cert:<path of the chain>~<path of the key>`. Undefined for others.
 */
export function parseFileSecret(name: string): FileSecret | undefined {
  const [, kind, rest = ''] = /^file-(root|cert):(.+)$/s.exec(name) ?? [];
  if (kind === 'root') return { kind: 'roots', file: rest === 'system' ? systemRoots : rest };
  const [chainFile = '', keyFile = '', ...others] = rest.split('~');
  if (kind === undefined || chainFile === '' || keyFile === '' || others.length > 0) return undefined;
  return { kind: 'certificate', chainFile, keyFile };
}

interface Followed {
  readonly secret: FileSecret;
  /** What the files looked like when they were last read. */
  mark: string;
  complaint: string;
}

/**
 * Puts secrets that Envoy asks for by the name of files into the store, and again when the files change. Files are
 * looked at from time to time, since one may be on any kind of volume, with or without notifications. One that is
 * missing or wrong is reported once, and what was read of it before stays.
 */
export class FileSecrets {
  readonly #store: SecretStore;
  readonly #log: Logger;
  readonly #followed = new Map<string, Followed>();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: SecretStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** To be told of every name that Envoy asks for; the store has the secret on return, if it can be had. */
  want(name: string): void {
    if (this.#followed.has(name)) return;
    const secret = parseFileSecret(name);
    if (secret === undefined) return;
    this.#followed.set(name, { secret, mark: '', complaint: '' });
    this.#timer ??= setInterval(() => this.look(), pollMs).unref();
    this.look();
  }

  /** Looks at all files now. */
  look(): void {
    for (const [name, followed] of this.#followed) {
      try {
        const mark = filesOf(followed.secret).map(fileMark).join();
        if (mark !== followed.mark) this.#publish(name, followed.secret);
        followed.mark = mark;
        followed.complaint = '';
      } catch (error) {
        this.#complain(name, followed, error);
      }
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #publish(name: string, secret: FileSecret): void {
    if (secret.kind === 'roots') return this.#store.setRoots(name, readRoots(secret.file));
    const { chain, privateKey } = readCertificate(secret.chainFile, secret.keyFile);
    this.#store.setCertificate(name, chain, privateKey);
  }

  #complain(secret: string, followed: Followed, error: unknown): void {
    const complaint = String(error);
    if (complaint === followed.complaint) return;
    followed.complaint = complaint;
    const message = 'a file for TLS that a DestinationRule names can not be used; mount it into the sidecar';
    this.#log.error(message, { secret, error });
  }
}

function filesOf(secret: FileSecret): readonly string[] {
  return secret.kind === 'roots' ? [secret.file] : [secret.chainFile, secret.keyFile];
}

function fileMark(file: string): string {
  const { ino, size, mtimeMs } = statSync(file);
  return `${ino}/${size}/${mtimeMs}`;
}

function readRoots(file: string): string {
  const roots = readFileSync(file, 'utf8');
  if (!roots.includes('-----BEGIN CERTIFICATE-----')) throw new Error(`${file} holds no certificate (PEM)`);
  return roots;
}

function readCertificate(chainFile: string, keyFile: string): { readonly chain: string; readonly privateKey: string } {
  const chain = readFileSync(chainFile, 'utf8');
  const privateKey = readFileSync(keyFile, 'utf8');
  // Two files are not replaced at once, and Envoy refuses a certificate with another's key.
  if (!certificateIn(chain, chainFile).checkPrivateKey(keyIn(privateKey, keyFile))) {
    throw new Error(`the private key in ${keyFile} is not that of the certificate in ${chainFile}`);
  }
  return { chain, privateKey };
}

function certificateIn(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new Error(`${file} holds no certificate (PEM)`, { cause: error });
  }
}

function keyIn(pem: string, file: string) {
  try {
    return createPrivateKey(pem);
  } catch {
    // Without a cause: no text about the key's content belongs in a log.
    throw new Error(`${file} holds no private key (PEM, not encrypted)`);
  }
}
