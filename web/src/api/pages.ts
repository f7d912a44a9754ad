export interface Row {
  id: string;
}

/** One page of a list, or several that follow one another. */
export interface List<Entry extends Row> {
  nodes: readonly Entry[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

interface Reading<Entry extends Row> {
  /** What the pages hold, as far as each begins where the one before it ends. */
  read: List<Entry>;
  /** What each page behind the first has to begin behind. */
  cursors: readonly string[];
  isWhole: boolean;
}

/** Follow a list from its first page over so many more, by what was answered of each: the page behind its cursor. */
export function follow<Entry extends Row>(first: List<Entry>, answers: ReadonlyMap<string, List<Entry>>, count: number): Reading<Entry> {
  const pages = [first];
  const cursors: string[] = [];
  for (let last: List<Entry> | undefined = first; last?.pageInfo.hasNextPage && cursors.length < count;) {
    const cursor = last.pageInfo.endCursor ?? "";
    cursors.push(cursor);
    last = answers.get(cursor);
    if (last) pages.push(last);
  }
  return { read: join(pages), cursors, isWhole: pages.length > cursors.length };
}

/** Return what was read of a list, and behind it what was shown there before: no row goes while only the first pages are read anew. */
export function withRest<Entry extends Row>(read: List<Entry>, before: List<Entry>): List<Entry> {
  const seam = before.nodes.findIndex(({ id }) => id === read.nodes.at(-1)?.id);
  const nodes = unique([...read.nodes, ...before.nodes.slice(seam + 1)]);
  return nodes.length > read.nodes.length ? { nodes, pageInfo: before.pageInfo } : read;
}

const join = <Entry extends Row>(pages: readonly List<Entry>[]): List<Entry> => ({
  nodes: unique(pages.flatMap(({ nodes }) => nodes)), // one that moved to an earlier page may stand in both for a moment
  pageInfo: pages.at(-1)?.pageInfo ?? { hasNextPage: false, endCursor: null },
});

function unique<Entry extends Row>(rows: readonly Entry[]): readonly Entry[] {
  const known = new Set<string>();
  return rows.filter(({ id }) => !known.has(id) && known.add(id));
}
