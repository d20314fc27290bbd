/** A number brought into the range that Envoy takes, so that a strange one changes nothing else of its resource. */
export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** A share in percent, 0 to 100. */
export function percentage(value: number): number {
  return clamp(value, 0, 100);
}

/** Whether an integer is prime; quick for the sizes that hash tables have (below ten million). */
export function isPrime(value: number): boolean {
  if (!Number.isInteger(value) || value < 2) return false;
  for (let divisor = 2; divisor * divisor <= value; divisor++) {
    if (value % divisor === 0) return false;
  }
  return true;
}
