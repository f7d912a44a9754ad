import { useConnection } from "../api/connection";

/** Says while the page is cut off that what it shows may be old. */
export function ConnectionNotice() {
  const isCutOff = useConnection() === "cut-off";
  return (
    <div role="status" className="connection">
      {isCutOff && <p>The connection to the server is lost. What you see may be old; the page goes on by itself as soon as it is back.</p>}
    </div>
  );
}
