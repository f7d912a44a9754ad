import { Button } from "react-aria-components";

import { useAction } from "../api/useAction";
import { sayDuration } from "../parts/duration";
import { Problems } from "../parts/Problems";
import { Status } from "../parts/Status";
import { Time } from "../parts/Time";
import { RetryDeliveryDocument, type IntegrationQuery, type RunLogRowFragment } from "./Integration.generated";
import { Log } from "./Log";

interface Props {
  deliveries: NonNullable<IntegrationQuery["integration"]>["deliveries"];
  isWorking: boolean;
  load: (after: string | undefined) => void;
}

/** What became of the message of each run. */
export function RunLog({ deliveries, isWorking, load }: Props) {
  return (
    <Log
      title="Run log" page={deliveries} isWorking={isWorking} load={load}
      empty="The next run of the monitor that is reported stands here, with what became of its message."
      about={(delivery) => <p><Run delivery={delivery} />, <Time at={delivery.createdAt} /></p>}
      below={(delivery) => <Outcome delivery={delivery} />}
    />
  );
}

function Run({ delivery: { run } }: { delivery: RunLogRowFragment }) {
  if (run.isTest) return <>Test message</>;
  return <><bdi>{run.monitor.name}</bdi>, run <bdi>{run.runId}</bdi>: <Status of={run.outcome} /> after {sayDuration(run.durationMs)}</>;
}

function Outcome({ delivery }: { delivery: RunLogRowFragment }) {
  const retry = useAction(RetryDeliveryDocument);
  const { id, message, nextAttemptAt, status, viewerCanRetry } = delivery;
  return (
    <>
      {message?.url && <p><a href={message.url} target="_blank" rel="noreferrer">See the message</a></p>}
      {nextAttemptAt && status === "RETRYING" && <p className="quiet">Next attempt <Time at={nextAttemptAt} />.</p>}
      <Problems of={retry.problems} />
      {viewerCanRetry && <Button isPending={retry.isWorking} onPress={() => void retry.run({ id })}>Try again</Button>}
    </>
  );
}
