type Gates = Readonly<Record<string, boolean>>;

/** Adds `Name=true` or `Name=false` to gates. @throws Error for any other text. */
export function parseFeatureGate(text: string, gates: Gates): Gates {
  const match = /^([A-Za-z0-9]+)=(true|false)$/.exec(text);
  if (!match?.[1]) throw new Error(`feature gate "${text}": must be Name=true or Name=false`);
  return { ...gates, [match[1]]: match[2] === 'true' };
}
