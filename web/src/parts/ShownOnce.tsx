import { useEffect, useRef } from "react";

import { Copy } from "./Copy";

interface Props {
  what: string;
  /** Whose it is, where that is not the viewer. */
  of?: string;
  text: string;
  note: string;
}

/** A secret that is shown this once: the page goes to where it stands. */
export function ShownOnce({ what, of, text, note }: Props) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.scrollIntoView({ block: "nearest" }), []);
  return (
    <div ref={place} role="status" className="notice good">
      <p>Copy the {what}{of && <> of <bdi>{of}</bdi></>} now: it is not shown again. {note}</p>
      <Copy text={text} what={what} />
    </div>
  );
}
