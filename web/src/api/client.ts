import { Client, fetchExchange, mapExchange, subscriptionExchange } from "urql";

import { below, goToSignIn } from "./addresses";
import { createCache } from "./cache";
import { createLiveClient } from "./live";
import { resumeAfter } from "./resuming";

/** Return the client of the API: one normalized cache, POST for queries and mutations, one socket for what is live. */
export function createApiClient(): Client {
  const live = createLiveClient();
  return new Client({
    url: below("graphql"),
    preferGetMethod: false,
    fetchOptions: { credentials: "same-origin" },
    exchanges: [
      mapExchange({
        onError: (error) => {
          if (error.graphQLErrors.some(({ extensions }) => extensions["code"] === "UNAUTHENTICATED")) goToSignIn();
        },
      }),
      createCache(),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => {
          const payload = { query: query ?? "", variables: { ...variables } };
          return {
            subscribe: (sink) => ({
              unsubscribe: live.subscribe(payload, {
                next: (result) => {
                  resumeAfter(payload, result.data);
                  sink.next({ data: result.data, errors: result.errors ? [...result.errors] : undefined });
                },
                error: (error) => sink.error(error),
                complete: () => sink.complete(),
              }),
            }),
          };
        },
      }),
    ],
  });
}
