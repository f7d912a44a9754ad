import { expect, test } from "vitest";

import { isolated } from "./isolated";

test("what is isolated stands between a first strong isolate and its end, and is itself unchanged", () => {
  expect(`run ${isolated("בנייה-2")}: failed`).toBe("run \u2068בנייה-2\u2069: failed");
});
