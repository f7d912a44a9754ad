import { Copy } from "./Copy";

/** A secret that is shown this once. */
export function ShownOnce({ what, text, note }: { what: string; text: string; note: string }) {
  return (
    <div role="status" className="notice good">
      <p>Copy the {what} now: it is not shown again. {note}</p>
      <Copy text={text} what={what} />
    </div>
  );
}
