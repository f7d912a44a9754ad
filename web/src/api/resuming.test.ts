import { expect, test } from "vitest";

import { resumeAfter } from "./resuming";

const FOLLOW = "subscription ($after: String) { eventRecorded(after: $after) { cursor } }";

test("a subscription with a cursor goes on behind the last change that it was told", () => {
  const payload = { query: FOLLOW, variables: { after: "first" } };

  resumeAfter(payload, { eventRecorded: { cursor: "second" } });

  expect(payload.variables).toEqual({ after: "second" });
});

test.each([
  ["takes no cursor", { query: "subscription { authorizationChanged(id: 1) { cursor } }" }, { authorizationChanged: { cursor: "c" } }],
  ["brought none", { query: FOLLOW }, { eventRecorded: null }],
  ["brought nothing", { query: FOLLOW }, null],
])("one that %s begins anew", (_, payload, data) => {
  resumeAfter(payload, data);

  expect(payload).not.toHaveProperty("variables");
});
