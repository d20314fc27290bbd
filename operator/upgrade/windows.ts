import type { UpgradeWindow } from '../../crds/mesh-upgrade.ts';

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const minuteMs = 60_000;
const dayMinutes = 24 * 60;

/** Whether workloads may be moved now: always without windows. A time zone that is not known opens nothing. */
export function isOpen(windows: readonly UpgradeWindow[], now: Date): boolean {
  return windows.length === 0 || windows.some((window) => contains(window, now));
}

/** When the next window opens, to the minute; undefined when none does within some weeks. */
export function nextOpening(windows: readonly UpgradeWindow[], now: Date): Date | undefined {
  const start = Math.floor(now.getTime() / minuteMs) * minuteMs;
  const candidates = windows.map((window) => openingOf(window, start)).filter((time) => time !== undefined);
  return candidates.length === 0 ? undefined : new Date(Math.min(...candidates));
}

function openingOf(window: UpgradeWindow, start: number): number | undefined {
  // From one minute at which the local clock shows `from` to the next; where clocks are changed, it is looked again.
  const from = minutesOf(window.from);
  let time = start + minuteMs;
  for (let looks = 0; looks < 40; looks++) {
    const local = localTime(window.timeZone, new Date(time));
    if (local === undefined) return undefined;
    const ahead = (from - local.minutes + dayMinutes) % dayMinutes;
    if (ahead === 0) {
      if (beginsOn(window, local.day)) return time;
      time += minuteMs;
    } else {
      time += ahead * minuteMs;
    }
  }
  return undefined;
}

function contains(window: UpgradeWindow, now: Date): boolean {
  const local = localTime(window.timeZone, now);
  if (local === undefined) return false;
  const from = minutesOf(window.from);
  const to = minutesOf(window.to);
  if (from < to) return beginsOn(window, local.day) && local.minutes >= from && local.minutes < to;
  // Ends on the day after the one it begins on.
  const yesterday = (local.day + 6) % 7;
  return (beginsOn(window, local.day) && local.minutes >= from) || (beginsOn(window, yesterday) && local.minutes < to);
}

function beginsOn({ days: chosen }: UpgradeWindow, day: number): boolean {
  return chosen === undefined || chosen.length === 0 || chosen.some((name) => name === days[day]);
}

function minutesOf(time: string): number {
  const [hours = '0', minutes = '0'] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** Making one takes longer than using it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  try {
    const options = { timeZone, weekday: 'long', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    const format = new Intl.DateTimeFormat('en-GB', options);
    formats.set(timeZone, format);
    return format;
  } catch {
    return undefined;
  }
}

/** Minutes since midnight and the day of the week, from 0 for Sunday on. */
function localTime(timeZone: string, time: Date): { readonly day: number; readonly minutes: number } | undefined {
  const parts = formatOf(timeZone)?.formatToParts(time);
  if (parts === undefined) return undefined;
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((found) => found.type === type)?.value ?? '';
  return {
    day: days.findIndex((name) => name === part('weekday')),
    minutes: Number(part('hour')) * 60 + Number(part('minute')),
  };
}
