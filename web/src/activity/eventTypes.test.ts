import { expect, test } from "vitest";

import { EVENT_GROUPS, EVENT_TYPES } from "./eventTypes";

test("each type of event stands in one group", () => {
  expect(EVENT_GROUPS.flatMap(({ types }) => types).toSorted()).toEqual(EVENT_TYPES.toSorted());
});
