import { useEffect, useMemo, useState } from "react";
import { stringifyVariables, useClient, useQuery, type AnyVariables, type CombinedError, type TypedDocumentNode, type UseQueryArgs } from "urql";

import { useKept } from "../parts/useKept";
import { follow, withRest, type List, type Row } from "./pages";

interface Pages<Data, Entry extends Row> {
  /** What the first page's answer says. */
  data: Data | undefined;
  /** The rows of every page that is shown, and whether there are more. */
  found: List<Entry> | undefined;
  error: CombinedError | undefined;
  fetching: boolean;
  stale: boolean;
  /** Show one more page, or read again the one that could not be read. */
  more: () => void;
}

/** How many pages behind the first are shown of a list, and what was answered of each, by the cursor that it is behind. */
interface Opened<Entry extends Row> {
  of: string;
  count: number;
  tries: number;
  answers: ReadonlyMap<string, List<Entry>>;
  failed: { cursor: string; error: CombinedError } | undefined;
}

interface Answer<Data> {
  data?: Data | undefined;
  error?: CombinedError | undefined;
}

const NONE = { count: 0, tries: 0, answers: new Map<string, never>(), failed: undefined };

/**
 * Return a list that is shown in pages. Each page that is shown is read anew once the cache has forgotten it, from where the page
 * before it then ends, and what was shown stays meanwhile. `query` takes `$after`; `listOf` finds the list in its answer.
 */
export function usePages<Data, Variables extends AnyVariables, Entry extends Row>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, "after">,
  listOf: (data: Data) => List<Entry> | null | undefined,
): Pages<Data, Entry> {
  const client = useClient();
  const of = stringifyVariables(variables);
  const [{ data, error, fetching, stale }] = useQuery({ query, variables } as UseQueryArgs<Variables, Data>);
  const [opened, setOpened] = useState<Opened<Entry>>({ of, ...NONE });
  const now = opened.of === of ? opened : { of, ...NONE };

  const first = data && listOf(data);
  const reading = useMemo(() => (first ? follow(first, now.answers, now.count) : undefined), [first, now.answers, now.count]);
  const cursors = reading?.cursors ?? [];
  const kept = useKept(reading?.isWhole ? reading.read : undefined);
  const found = reading && kept && !reading.isWhole ? withRest(reading.read, kept) : reading?.read;

  useEffect(() => {
    const hear = (cursor: string, answer: Answer<Data>): void => {
      const list = answer.data && listOf(answer.data);
      setOpened((was) => ({ ...was, failed: failedOf(was, cursor, answer), answers: answersOf(was, cursors, cursor, list) }));
    };
    const readings = cursors.map((after) => client.query(query, { ...variables, after } as unknown as Variables).subscribe((answer) => hear(after, answer)));
    return () => queueMicrotask(() => readings.forEach(({ unsubscribe }) => unsubscribe())); // what goes on being read is not begun again
  }, [client, query, of, cursors.join(), now.tries]);

  const failed = now.failed && cursors.includes(now.failed.cursor) ? now.failed.error : undefined;
  const isReading = reading !== undefined && !reading.isWhole && found === reading.read && !failed;
  const more = (): void => setOpened(failed ? { ...now, failed: undefined, tries: now.tries + 1 } : { ...now, count: cursors.length + 1 });
  return { data, found, error: error ?? failed, fetching: fetching || isReading, stale, more };
}

/** Return what was answered of the pages behind these cursors, now that one more was. */
function answersOf<Entry extends Row>(was: Opened<Entry>, cursors: readonly string[], cursor: string, list: List<Entry> | null | undefined): Opened<Entry>["answers"] {
  const known = new Map([...was.answers].filter(([each]) => cursors.includes(each)));
  return list ? known.set(cursor, list) : known;
}

/** Return which page could not be read, if one could not: another's answer says nothing of it. */
const failedOf = ({ failed }: Opened<Row>, cursor: string, { error }: Answer<unknown>): Opened<Row>["failed"] =>
  error ? { cursor, error } : failed?.cursor === cursor ? undefined : failed;
