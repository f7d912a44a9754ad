import { useEffect, useState } from "react";

const A_MOMENT = 300;

/** Says that something is under way, once it takes longer than a moment. */
export function Working({ what }: { what: string }) {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), A_MOMENT);
    return () => clearTimeout(timer);
  }, []);
  return <p className="working" role="status">{isLong ? `${what}…` : ""}</p>;
}
