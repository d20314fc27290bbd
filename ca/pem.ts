import forge from 'node-forge';

/** One PEM block (RFC 7468): its label, such as `CERTIFICATE`, and what it holds. */
export interface PemBlock {
  readonly label: string;
  readonly der: Buffer;
}

/** What is no PEM; the message follows the name of the text. */
export class PemError extends Error {
  override readonly name = 'PemError';
}

/** PEM with lines of 64 characters, each ending in a line feed. */
export function encodePem(label: string, der: Buffer): string {
  const lines = der.toString('base64').replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}

/** Every block of the text in order. Text between blocks is skipped; throws {@link PemError} for a block that is cut or empty. */
export function decodePem(text: string): readonly PemBlock[] {
  const begun = text.match(/-----BEGIN [^\n-]+-----/g)?.length ?? 0;
  if (begun === 0) return [];
  const blocks = readBlocks(text);
  if (blocks.length !== begun || blocks.some(({ der }) => der.length === 0)) {
    throw new PemError('has a PEM block that is cut short or not base64');
  }
  return blocks;
}

/** Empty where node-forge finds nothing that it takes for PEM. */
function readBlocks(text: string): readonly PemBlock[] {
  try {
    return forge.pem.decode(text).map(({ type, body }) => ({ label: type, der: Buffer.from(body, 'latin1') }));
  } catch {
    return [];
  }
}
