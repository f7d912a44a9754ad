import { expect, test } from "vitest";

import { follow, withRest, type List, type Row } from "./pages";

test("each page is read from where the one before it ends, as far as there is one", () => {
  const answers = new Map([["b", page("c", "d")], ["d", last("e")]]);

  expect(shown(follow(page("a", "b"), answers, 5))).toEqual({ ids: "abcde", cursors: ["b", "d"], isWhole: true, hasNextPage: false });
  expect(shown(follow(page("a", "b"), answers, 0))).toEqual({ ids: "ab", cursors: [], isWhole: true, hasNextPage: true });
});

test("once the first page ends elsewhere, the next is read anew, and what was shown stays meanwhile", () => {
  const answers = new Map([["b", last("c", "d")]]);
  const before = follow(page("a", "b"), answers, 1).read;

  const reading = follow(page("new", "a"), answers, 1);

  expect(shown(reading)).toEqual({ ids: "newa", cursors: ["a"], isWhole: false, hasNextPage: true });
  expect(withRest(reading.read, before)).toEqual(last("new", "a", "b", "c", "d"));
});

test("a row that is gone is not put back, and one that moved is shown once", () => {
  const before = last("a", "b", "c", "d");

  expect(withRest(page("b", "c"), before)).toEqual(last("b", "c", "d"));
  expect(shown(follow(page("d", "a"), new Map([["a", last("b", "d")]]), 1))).toMatchObject({ ids: "dab", isWhole: true });
});

test("where all of the first page is new, all that was shown stands behind it", () => {
  expect(withRest(page("x", "y"), last("a", "b"))).toEqual(last("x", "y", "a", "b"));
});

const page = (...ids: string[]): List<Row> => ({ nodes: ids.map((id) => ({ id })), pageInfo: { hasNextPage: true, endCursor: ids.at(-1) ?? null } });

const last = (...ids: string[]): List<Row> => ({ ...page(...ids), pageInfo: { hasNextPage: false, endCursor: ids.at(-1) ?? null } });

const shown = ({ read, ...more }: ReturnType<typeof follow<Row>>): object => ({
  ...more, ids: read.nodes.map(({ id }) => id).join(""), hasNextPage: read.pageInfo.hasNextPage,
});
