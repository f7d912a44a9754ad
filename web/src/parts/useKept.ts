import { useState } from "react";

/** Return the value, and while there is none the last one: a list that is looked up anew does not vanish meanwhile. */
export function useKept<Value>(value: Value | undefined): Value | undefined {
  const [kept, setKept] = useState(value);
  if (value !== undefined && value !== kept) setKept(value);
  return value ?? kept;
}
