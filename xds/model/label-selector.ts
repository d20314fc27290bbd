/** Whether labels carry every label that is wanted; nothing wanted is carried by all. */
export function carriesLabels(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>> | undefined,
): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels[key] === value);
}
