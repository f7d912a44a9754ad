import assert from "node:assert/strict";
import { test } from "node:test";
import { rememberNewest, resumeAfter, withEarlier } from "./subscription.js";

const QUERY = "subscription Watch($after: String) { eventRecorded(after: $after) { cursor } }";

test("a new connection goes on behind the last cursor and keeps the other variables", () => {
  const payload = { query: QUERY, variables: { after: "old", types: ["A"] } };

  resumeAfter(payload, { data: { eventRecorded: { cursor: "new" } } });

  assert.deepEqual(payload.variables, { after: "new", types: ["A"] });
});

for (const [what, query, data] of [
  ["without $after", "subscription { eventRecorded { cursor } }", { eventRecorded: { cursor: "new" } }],
  ["without a cursor", QUERY, { eventRecorded: { sequence: 1 } }],
  ["with two root fields", QUERY, { first: { cursor: "new" }, second: { cursor: "newer" } }],
  ["with a null", QUERY, { eventRecorded: null }],
  ["with errors alone", QUERY, undefined],
]) {
  test(`a subscription ${what} starts again as it was`, () => {
    const payload = { query, variables: { after: "old" } };

    resumeAfter(payload, { data });

    assert.deepEqual(payload.variables, { after: "old" });
  });
}

test("the newest result stands first and earlier ones below it", () => {
  const earlier = rememberNewest(rememberNewest([], { data: 1 }), { data: 2 });

  assert.deepEqual(withEarlier({ data: 3 }, earlier), { data: 3, earlier: [2, 1] });
  assert.deepEqual(withEarlier({ data: 1 }, []), { data: 1 });
});

test("only a hundred results are remembered", () => {
  const earlier = Array.from({ length: 100 }, (_, index) => index);

  assert.deepEqual(rememberNewest(earlier, { data: "new" }), ["new", ...earlier.slice(0, 99)]);
});
