// Says above GraphiQL who this browser is signed in as, with the way out; or that it is not, with the way in.
const WHO = "{ viewer { member { name email role } team { name } } }";

/** Returns what an answer to WHO says to a person; null where nobody is signed in, undefined where it does not say. */
export function describeAccount({ data, errors }) {
  if (errors?.some((error) => error.extensions?.code === "UNAUTHENTICATED")) return null;
  const { member, team } = data?.viewer ?? {};
  return member && team ? `${member.name} (${member.email}), ${member.role} of ${team.name}` : undefined;
}

export async function showAccount({ document, fetch }) {
  const response = await fetch("graphql", {
    method: "POST",
    credentials: "same-origin",
    headers: { accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify({ query: WHO }),
  });
  const account = describeAccount(await response.json());
  document.getElementById("signed-out").hidden = account !== null;
  document.getElementById("signed-in").hidden = !account;
  document.getElementById("account").textContent = account ?? "";
}

// Where the server cannot say, both stay hidden: GraphiQL's own answers tell why.
if (globalThis.document) showAccount({ document, fetch: (...given) => fetch(...given) }).catch(() => {});
