import type { Problem } from "../api/useAction";

/** Why something was refused, in the API's words. */
export function Problems({ of }: { of: readonly Problem[] }) {
  if (of.length === 0) return null;
  return (
    <div role="alert" className="notice bad">
      {of.map(({ message }) => <p key={message}>{message}</p>)}
    </div>
  );
}
