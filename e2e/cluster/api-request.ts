import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';

/**
 * The HTTP status with which an API server answers a GET of a path, asked as the client whose certificate is in the
 * folder `pki` by the name `admin`; 0 when it doesn't answer within two seconds.
 */
export async function apiStatus(server: string, pki: string, path: string): Promise<number> {
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'admin.crt', 'admin.key'].map((file) => readFile(join(pki, file))),
  );
  return new Promise((resolve) => {
    const asked = request(
      new URL(path, server),
      { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), timeout: 2_000, agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(0));
    asked.end();
  });
}
