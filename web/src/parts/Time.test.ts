import { expect, test } from "vitest";

import { say } from "./Time";

const NOW = new Date("2026-03-01T12:00:00Z");

test.each([
  ["2026-03-01T11:59:58Z", "just now"],
  ["2026-03-01T12:00:05Z", "in a moment"],
  ["2026-03-01T11:55:00Z", "5 minutes ago"],
  ["2026-03-01T10:00:00Z", "2 hours ago"],
  ["2026-02-28T12:00:00Z", "yesterday"],
  ["2026-03-02T12:00:00Z", "tomorrow"],
  ["2026-02-15T12:00:00Z", "2 weeks ago"],
  ["2025-11-30T12:00:00Z", "3 months ago"],
  ["2024-03-01T12:00:00Z", "2 years ago"],
])("%s is said as %s", (moment, said) => {
  expect(say(new Date(moment), NOW)).toBe(said);
});
