import { useEffect, useRef } from "react";

import { Copy } from "./Copy";

/** A secret that is shown this once: the page goes to where it stands. */
export function ShownOnce({ what, text, note }: { what: string; text: string; note: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.scrollIntoView({ block: "nearest" }), []);
  return (
    <div ref={place} role="status" className="notice good">
      <p>Copy the {what} now: it is not shown again. {note}</p>
      <Copy text={text} what={what} />
    </div>
  );
}
