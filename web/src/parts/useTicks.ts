import { useSyncExternalStore } from "react";

const HALF_A_MINUTE = 30_000;

let ticks = 0;
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

/** Have the component shown anew every half minute, since what it says depends on the time. */
export const useTicks = (): number => useSyncExternalStore(subscribe, () => ticks);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, HALF_A_MINUTE);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  ticks += 1;
  for (const listener of [...listeners]) listener();
}
