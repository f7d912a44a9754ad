import type { ReactNode } from "react";

import type { List } from "../api/pages";
import { Empty } from "../parts/Empty";
import { More } from "../parts/More";
import { Status } from "../parts/Status";
import { Attempts } from "./Attempts";
import type { RunLogRowFragment } from "./Integration.generated";

type Told = Pick<RunLogRowFragment, "id" | "status" | "attempts">;

interface Props<Entry extends Told> {
  title: string;
  page: List<Entry>;
  isWorking: boolean;
  load: () => void;
  /** What would stand here, where nothing does yet. */
  empty: string;
  /** What a message was about, above its attempts. */
  about: (entry: Entry) => ReactNode;
  /** What is below them. */
  below?: (entry: Entry) => ReactNode;
}

/** What became of each message, newest first, with every attempt and the provider's words. */
export function Log<Entry extends Told>({ title, page, isWorking, load, empty, about, below }: Props<Entry>) {
  const { nodes, pageInfo } = page;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {nodes.length === 0 && <Empty title="Nothing yet"><p>{empty}</p></Empty>}
      {nodes.length > 0 && (
        <ol className="rows log">
          {nodes.map((entry) => (
            <li key={entry.id}>
              <div>
                {about(entry)}
                <Attempts attempts={entry.attempts} />
                {below?.(entry)}
              </div>
              <Status of={entry.status} />
            </li>
          ))}
        </ol>
      )}
      <More has={pageInfo.hasNextPage} isWorking={isWorking} load={load} />
    </section>
  );
}
