import { expect, test } from "vitest";

import { EVERYTHING, filterOf, isEverything, localOf, momentOf, readFilter, writeFilter } from "./filter";

const ADDRESS = "what=DELIVERY_FAILED&who=m1&about=i1&from=2026-03-01T10%3A00%3A00.000Z&until=2026-03-02T10%3A00%3A00.000Z";

test("a filter stands in the address as it was chosen", () => {
  const filter = readFilter(new URLSearchParams(ADDRESS));

  expect(new URLSearchParams(writeFilter(filter)).toString()).toBe(ADDRESS);
  expect(filterOf(filter)).toEqual({ types: ["DELIVERY_FAILED"], actorId: "m1", subjectId: "i1" });
});

test.each(["what=SOMETHING", "from=yesterday&until=x", "other=1", ""])("the address %s filters nothing", (address) => {
  const filter = readFilter(new URLSearchParams(address));

  expect(isEverything(filter)).toBe(true);
  expect(filterOf(filter)).toBeNull();
});

test("a group stands for each of its types", () => {
  expect(filterOf({ ...EVERYTHING, what: "access-tokens" })).toEqual({ types: ["ACCESS_TOKEN_CREATED", "ACCESS_TOKEN_REVOKED"] });
});

test.each([
  ["from=2026-03-01", "2026-03-01T00:00:00.000Z"],
  ["from=2026-03-01T10:00:00%2B02:00", "2026-03-01T08:00:00.000Z"],
  ["from=0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
  ["from=0000-12-31T00:00:00Z", ""],
  ["from=%2B010000-01-01T00:00:00Z", ""],
])("the moment of the address %s is asked for as the API has it", (address, moment) => {
  expect(readFilter(new URLSearchParams(address)).from).toBe(moment);
});

test("a moment is shown by the reader's own clock", () => {
  expect(momentOf(localOf("2026-03-01T10:00:00.000Z"))).toBe("2026-03-01T10:00:00.000Z");
  expect([localOf(""), momentOf("")]).toEqual(["", ""]);
});
