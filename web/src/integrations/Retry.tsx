import { Button } from "react-aria-components";

import { useAction } from "../api/useAction";
import { Problems } from "../parts/Problems";
import { Time } from "../parts/Time";
import { RetryDeliveryDocument, type RunLogRowFragment } from "./Integration.generated";

/** When a message is tried next, or the way to have it tried again now. */
export function Retry({ of }: { of: Pick<RunLogRowFragment, "id" | "status" | "nextAttemptAt" | "viewerCanRetry"> }) {
  const retry = useAction(RetryDeliveryDocument);
  return (
    <>
      {of.nextAttemptAt && of.status === "RETRYING" && <p className="quiet">Next attempt <Time at={of.nextAttemptAt} />.</p>}
      <Problems of={retry.problems} />
      {of.viewerCanRetry && <Button isPending={retry.isWorking} onPress={() => void retry.run({ id: of.id })}>Try again</Button>}
    </>
  );
}
