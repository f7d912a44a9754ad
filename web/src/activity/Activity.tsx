import { useSearchParams } from "react-router";

import type { List } from "../api/pages";
import { usePages } from "../api/usePages";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { More } from "../parts/More";
import { Time } from "../parts/Time";
import { Working } from "../parts/Working";
import { ActivityDocument, type ActivityQuery } from "./Activity.generated";
import type { Named } from "./choices";
import { filterOf, isEverything, readFilter, writeFilter, type Filter } from "./filter";
import { Filters } from "./Filters";

const A_PAGE = 50;
const GONE = "Something that is gone";

type Event = ActivityQuery["events"]["nodes"][number];

/** The team's log, newest first, live: all of it, or what the filter in the page's address lets through. */
export default function Activity() {
  const [address, setAddress] = useSearchParams();
  const filter = readFilter(address);
  const asked = {
    first: A_PAGE,
    filter: filterOf(filter),
    since: filter.from || null,
    until: filter.until || null,
    who: filter.who,
    isByOne: filter.who !== "",
    about: filter.about,
    isAboutOne: filter.about !== "",
  };
  const { data, found, error, fetching, stale, more } = usePages(ActivityDocument, asked, ({ events }) => events);
  const named = (id: string, node: object | null | undefined): Named | null => id ? { id, name: nameOf(id, node) ?? (fetching || error ? "" : GONE) } : null;
  // Of the address as it is by now: two fields may change before the page is drawn again.
  const change = (part: Partial<Filter>): void => setAddress(writeFilter({ ...readFilter(new URLSearchParams(location.search)), ...part }), { replace: true });
  return (
    <>
      <title>Activity</title>
      <h1>Activity</h1>
      <Filters filter={filter} onChange={change} who={named(filter.who, data?.who)} about={named(filter.about, data?.about)} />
      {error && <Failure error={error} />}
      {!found && fetching && <Working what="Reading the activity" />}
      {found && !fetching && <None filter={filter} events={found} />}
      {found && found.nodes.length > 0 && <Log events={found.nodes} isOld={fetching || stale} />}
      <More has={found?.pageInfo.hasNextPage ?? false} isWorking={fetching} load={more} />
    </>
  );
}

/** Return the name of what has the id, where that is what was answered: an answer may be to the filter before. */
const nameOf = (id: string, node: object | null | undefined): string | null => node && "name" in node && (node as Named).id === id ? (node as Named).name : null;

/** Says what an empty list means: that there is nothing, or nothing in what was looked through so far. */
function None({ filter, events }: { filter: Filter; events: List<Event> }) {
  const isNone = events.nodes.length === 0;
  return (
    <div role="status">
      {isNone && events.pageInfo.hasNextPage && <p>Nothing of this in the newest part of the log. There is more to look through.</p>}
      {isNone && !events.pageInfo.hasNextPage && (isEverything(filter) ? (
        <Empty title="Nothing has happened yet"><p>Whatever your team does here stands in this log, with who did it and when.</p></Empty>
      ) : (
        <Empty title="Nothing found"><p>Nothing in the log is what the filter asks for. As soon as something is, it stands here.</p></Empty>
      ))}
    </div>
  );
}

function Log({ events, isOld }: { events: readonly Event[]; isOld: boolean }) {
  return (
    <ol className="rows log" aria-label="Activity" aria-busy={isOld}>
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
