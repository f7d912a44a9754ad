import type { List } from "../api/pages";
import { sayDuration } from "../parts/duration";
import { Status } from "../parts/Status";
import { Time } from "../parts/Time";
import type { RunLogRowFragment } from "./Integration.generated";
import { Log } from "./Log";
import { Retry } from "./Retry";

interface Props {
  deliveries: List<RunLogRowFragment>;
  isWorking: boolean;
  load: () => void;
}

/** What became of the message of each run. */
export function RunLog({ deliveries, isWorking, load }: Props) {
  return (
    <Log
      title="Run log" page={deliveries} isWorking={isWorking} load={load}
      empty="The next run of the monitor that is reported stands here, with what became of its message."
      about={(delivery) => <p><Run delivery={delivery} />, <Time at={delivery.createdAt} /></p>}
      below={(delivery) => (
        <>
          {delivery.message?.url && <p><a href={delivery.message.url} target="_blank" rel="noreferrer">See the message</a></p>}
          <Retry of={delivery} />
        </>
      )}
    />
  );
}

function Run({ delivery: { run } }: { delivery: RunLogRowFragment }) {
  if (run.isTest) return <>Test message</>;
  return <><bdi>{run.monitor.name}</bdi>, run <bdi>{run.runId}</bdi>: <Status of={run.outcome} /> after {sayDuration(run.durationMs)}</>;
}
