import { Button } from "react-aria-components";

/** The way to the next page of a list. */
export function More({ has, isWorking, load }: { has: boolean; isWorking: boolean; load: () => void }) {
  if (!has) return null;
  return (
    <Button className="plain" isPending={isWorking} onPress={load}>
      {isWorking ? "Reading more…" : "Show more"}
    </Button>
  );
}
