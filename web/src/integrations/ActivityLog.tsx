import { useState } from "react";
import { useQuery } from "urql";

import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { More } from "../parts/More";
import { Status } from "../parts/Status";
import { Time } from "../parts/Time";
import { Attempts } from "./Attempts";
import { ActivityLogDocument } from "./Integration.generated";

const A_PAGE = 25;

/** What an integration told of the team's log, newest first. */
export function ActivityLog({ id }: { id: string }) {
  const [after, setAfter] = useState<string>();
  const [{ data, error, fetching }] = useQuery({ query: ActivityLogDocument, variables: { id, first: A_PAGE, after } });
  const found = data?.integration?.activityDeliveries;
  return (
    <section aria-label="What it told">
      <h2>What it told</h2>
      {error && <Failure error={error} />}
      {found?.nodes.length === 0 && <Empty title="Nothing yet"><p>As soon as something happens that it tells of, its message stands here.</p></Empty>}
      <ol className="rows log">
        {found?.nodes.map((told) => (
          <li key={told.id}>
            <div>
              {told.events.map((event) => <p key={event.id}><bdi>{event.summary}</bdi></p>)}
              {told.eventCount > told.events.length && <p className="quiet">And {told.eventCount - told.events.length} more.</p>}
              <p className="quiet"><Time at={told.createdAt} /></p>
              <Attempts attempts={told.attempts} />
            </div>
            <Status of={told.status} />
          </li>
        ))}
      </ol>
      <More has={found?.pageInfo.hasNextPage ?? false} isWorking={fetching} load={() => setAfter(found?.pageInfo.endCursor ?? undefined)} />
    </section>
  );
}
