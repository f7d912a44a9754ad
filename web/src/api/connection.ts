import { useSyncExternalStore } from "react";

export type Connection = "connecting" | "live" | "cut-off";

let now: Connection = "connecting";
const listeners = new Set<() => void>();

export function setConnection(next: Connection): void {
  if (next === now) return;
  now = next;
  for (const listener of listeners) listener();
}

/** Whether changes come in as they happen. */
export const useConnection = (): Connection => useSyncExternalStore(subscribe, () => now);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
