import { useState } from "react";
import { useQuery } from "urql";

import type { EventType } from "../api/schema.generated";
import { Choice } from "../parts/Choice";
import { Failure } from "../parts/Failure";
import { More } from "../parts/More";
import { Time } from "../parts/Time";
import { Working } from "../parts/Working";
import { ActivityDocument, type ActivityQuery } from "./Activity.generated";

const A_PAGE = 50;

const KINDS = [
  ["all", "Everything"],
  ["INSTALLED_APP_", "Installed apps"],
  ["INTEGRATION_", "Integrations"],
  ["DELIVERY_", "Messages"],
  ["TEAM_MEMBER_", "Members"],
] as const;

type About = (typeof KINDS)[number][0];

const TYPES: Record<About, EventType[] | null> = {
  all: null,
  INSTALLED_APP_: ["INSTALLED_APP_ADDED", "INSTALLED_APP_DELETED", "INSTALLED_APP_EDITED", "INSTALLED_APP_REAUTHENTICATED", "INSTALLED_APP_STATUS_CHANGED", "INSTALLED_APP_WILL_STOP", "INSTALLED_APP_WILL_NOT_STOP"],
  INTEGRATION_: ["INTEGRATION_ADDED", "INTEGRATION_DELETED", "INTEGRATION_EDITED", "INTEGRATION_REAUTHENTICATED", "INTEGRATION_STATUS_CHANGED", "INTEGRATION_TESTED", "INTEGRATION_WILL_STOP", "INTEGRATION_WILL_NOT_STOP"],
  DELIVERY_: ["DELIVERY_CREATED", "DELIVERY_FAILED", "DELIVERY_RETRYING", "DELIVERY_SKIPPED", "DELIVERY_SUCCEEDED", "ACTIVITY_DELIVERY_FAILED"],
  TEAM_MEMBER_: ["TEAM_MEMBER_ADDED", "TEAM_MEMBER_REMOVED", "TEAM_MEMBER_ROLE_CHANGED"],
};

/** The team's log, newest first, live. */
export default function Activity() {
  const [about, setAbout] = useState<About>("all");
  const [after, setAfter] = useState<string>();
  const types = TYPES[about];
  const [{ data, error, fetching }] = useQuery({ query: ActivityDocument, variables: { first: A_PAGE, after, filter: types && { types } } });
  const found = data?.events;
  return (
    <>
      <title>Activity</title>
      <h1>Activity</h1>
      <Choice<About> label="Show" value={about} onChange={(chosen) => { setAfter(undefined); setAbout(chosen); }} choices={KINDS} />
      {error && <Failure error={error} />}
      {!found && fetching && <Working what="Reading the activity" />}
      {found?.nodes.length === 0 && <p>Nothing of this has happened yet.</p>}
      {found && <Log events={found.nodes} />}
      <More has={found?.pageInfo.hasNextPage ?? false} isWorking={fetching} load={() => setAfter(found?.pageInfo.endCursor ?? undefined)} />
    </>
  );
}

function Log({ events }: { events: ActivityQuery["events"]["nodes"] }) {
  return (
    <ol className="rows log">
      {events.map((event) => (
        <li key={event.id}>
          <div>
            <p><bdi>{event.summary}</bdi></p>
            <p className="quiet"><Time at={event.occurredAt} />{event.actor && <>, by <bdi>{event.actor.name}</bdi></>}</p>
          </div>
        </li>
      ))}
    </ol>
  );
}
