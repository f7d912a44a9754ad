import { useEffect, useState } from "react";

const PAUSE = 80;

/** Return what was typed, once the typing has paused: a question for each letter would be too many. */
export function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
