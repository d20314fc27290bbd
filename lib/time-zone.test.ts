import { expect, it } from 'vitest';
import { isTimeZone } from './time-zone.ts';

it.each(['UTC', 'Europe/Berlin', 'Asia/Kathmandu'])('%s is a time zone', (name) => {
  expect(isTimeZone(name)).toBe(true);
});

it.each(['', 'Europe/Atlantis', 'Berlin'])('"%s" is none', (name) => {
  expect(isTimeZone(name)).toBe(false);
});
