import assert from "node:assert/strict";
import { test } from "node:test";
import { describeAccount, showAccount } from "./account.js";

const ADA = { viewer: { member: { name: "Ada", email: "ada@example.com", role: "ADMIN" }, team: { name: "Orbit" } } };
const NOBODY = { errors: [{ extensions: { code: "UNAUTHENTICATED" } }] };
const AWAY = { errors: [{ extensions: { code: "UNAVAILABLE" } }] };

test("an answer says who it is, that nobody is signed in, or neither", () => {
  assert.equal(describeAccount({ data: ADA }), "Ada (ada@example.com), ADMIN of Orbit");
  assert.equal(describeAccount(NOBODY), null);
  assert.equal(describeAccount(AWAY), undefined);
});

for (const [name, answer, signedOut, signedIn, said] of [
  ["somebody", { data: ADA }, false, true, "Ada (ada@example.com), ADMIN of Orbit"],
  ["nobody", NOBODY, true, false, ""],
  ["a server that is away", AWAY, false, false, ""],
]) {
  test(`the page shows ${name}`, async () => {
    const elements = Object.fromEntries(["signed-out", "signed-in", "account"].map((id) => [id, { hidden: true, textContent: "?" }]));
    const asked = [];

    await showAccount({
      document: { getElementById: (id) => elements[id] },
      fetch: async (url, { method, credentials }) => {
        asked.push([url, method, credentials]);
        return { json: async () => answer };
      },
    });

    assert.deepEqual(asked, [["graphql", "POST", "same-origin"]]);
    assert.deepEqual([!elements["signed-out"].hidden, !elements["signed-in"].hidden], [signedOut, signedIn]);
    assert.equal(elements.account.textContent, said);
  });
}
