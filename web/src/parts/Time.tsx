import { useTicks } from "./useTicks";

const STEPS = [
  [60, "second"],
  [60, "minute"],
  [24, "hour"],
  [7, "day"],
  [4.35, "week"],
  [12, "month"],
  [Number.POSITIVE_INFINITY, "year"],
] as const;

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "long" });

/** A moment as people say it ("5 minutes ago"), with the exact one on hover. */
export function Time({ at }: { at: string }) {
  useTicks();
  const moment = new Date(at);
  return <time dateTime={at} title={exact.format(moment)}>{say(moment, new Date())}</time>;
}

export function say(moment: Date, now: Date): string {
  let amount = (moment.getTime() - now.getTime()) / 1000;
  for (const [size, unit] of STEPS) {
    if (Math.abs(amount) < size) return unit === "second" ? sayNow(amount) : relative.format(Math.round(amount), unit);
    amount /= size;
  }
  return exact.format(moment);
}

const sayNow = (seconds: number): string => (seconds > 0 ? "in a moment" : "just now");
