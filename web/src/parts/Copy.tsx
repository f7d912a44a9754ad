import { useState } from "react";
import { Button } from "react-aria-components";

/** A text to be taken along, with a button that copies it. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <p className="copy">
      <code>{text}</code>
      <Button onPress={() => void copy()} aria-label={`Copy the ${what}`}>{isCopied ? "Copied" : "Copy"}</Button>
    </p>
  );
}
