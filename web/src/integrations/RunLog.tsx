import { Button } from "react-aria-components";

import { useAction } from "../api/useAction";
import { sayDuration } from "../parts/duration";
import { Empty } from "../parts/Empty";
import { More } from "../parts/More";
import { Problems } from "../parts/Problems";
import { Status } from "../parts/Status";
import { Time } from "../parts/Time";
import { Attempts } from "./Attempts";
import { RetryDeliveryDocument, type IntegrationQuery, type RunLogRowFragment } from "./Integration.generated";

type Deliveries = NonNullable<IntegrationQuery["integration"]>["deliveries"];

/** What became of each message, newest first, with every attempt and the provider's words. */
export function RunLog({ deliveries, isWorking, load }: { deliveries: Deliveries; isWorking: boolean; load: () => void }) {
  return (
    <section aria-label="Run log">
      <h2>Run log</h2>
      {deliveries.nodes.length === 0 ? (
        <Empty title="Nothing yet"><p>The next run of the monitor that is reported stands here, with what became of its message.</p></Empty>
      ) : (
        <ol className="rows log">
          {deliveries.nodes.map((delivery) => <Entry key={delivery.id} delivery={delivery} />)}
        </ol>
      )}
      <More has={deliveries.pageInfo.hasNextPage} isWorking={isWorking} load={load} />
    </section>
  );
}

function Entry({ delivery }: { delivery: RunLogRowFragment }) {
  const retry = useAction(RetryDeliveryDocument);
  const { run, attempts, nextAttemptAt } = delivery;
  return (
    <li>
      <div>
        <p>
          {run.isTest ? "Test message" : <><bdi>{run.monitor.name}</bdi>, run <bdi>{run.runId}</bdi>: <Status of={run.outcome} /> after {sayDuration(run.durationMs)}</>}, <Time at={delivery.createdAt} />
        </p>
        <Attempts attempts={attempts} />
        {delivery.message?.url && <p><a href={delivery.message.url} target="_blank" rel="noreferrer">See the message</a></p>}
        {nextAttemptAt && delivery.status === "RETRYING" && <p className="quiet">Next attempt <Time at={nextAttemptAt} />.</p>}
        <Problems of={retry.problems} />
        {delivery.status === "FAILED" && delivery.viewerCanRetry && (
          <Button isPending={retry.isWorking} onPress={() => void retry.run({ id: delivery.id })}>Try again</Button>
        )}
      </div>
      <Status of={delivery.status} />
    </li>
  );
}
