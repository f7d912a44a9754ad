import { useEffect } from "react";
import { useClient } from "urql";

import { usePages } from "../api/usePages";
import { Failure } from "../parts/Failure";
import { Time } from "../parts/Time";
import { Working } from "../parts/Working";
import { ActivityLogDocument, type ActivityLogRowFragment } from "./Integration.generated";
import { Log } from "./Log";
import { Retry } from "./Retry";

const A_PAGE = 25;

/** So many milliseconds until what waits is looked at again: the team's log tells nothing of it but that it was given up. */
const A_LOOK = 3_000;

/** What an integration told of the team's log. */
export function ActivityLog({ id }: { id: string }) {
  const { found, error, fetching, more } = usePages(ActivityLogDocument, { id, first: A_PAGE }, ({ integration }) => integration?.activityDeliveries);
  const client = useClient();
  const isWaiting = found?.nodes.some(({ status }) => status === "PENDING" || status === "RETRYING") ?? false;
  useEffect(() => {
    if (!isWaiting) return undefined;
    const look = () => void client.query(ActivityLogDocument, { id, first: A_PAGE }, { requestPolicy: "network-only" }).toPromise();
    const timer = setInterval(look, A_LOOK);
    return () => clearInterval(timer);
  }, [client, id, isWaiting]);
  if (error && !found) return <Failure error={error} />;
  if (!found) return <Working what="Reading what it told" />;
  return (
    <Log
      title="What it told" page={found} isWorking={fetching} load={more}
      empty="As soon as something happens that it tells of, its message stands here." about={(told) => <Events told={told} />}
      below={(told) => <Retry of={told} />}
    />
  );
}

function Events({ told }: { told: ActivityLogRowFragment }) {
  return (
    <>
      {told.events.map((event) => <p key={event.id}><bdi>{event.summary}</bdi></p>)}
      {told.eventCount > told.events.length && <p className="quiet">And {told.eventCount - told.events.length} more.</p>}
      <p className="quiet"><Time at={told.createdAt} /></p>
    </>
  );
}
