// urql with its subscriptions over graphql-ws.
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { asked, authorization, say, take, theEnd } from './conversation.mjs';
import { client as wsClient } from './ws_client.mjs';

const forwardSubscription = ({ query, variables }) => {
  const payload = { query, variables: { ...variables } };
  return {
    subscribe: (sink) => ({
      unsubscribe: wsClient.subscribe(payload, {
        ...sink,
        next: (result) => {
          take(result, payload.variables);
          sink.next(result);
        },
        error: (error) => say({ gaveUp: error.code ?? String(error) }),
      }),
    }),
  };
};

const client = new Client({
  url: asked.url,
  exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription })],
  fetchOptions: () => ({ headers: { authorization: authorization() } }),
});

const told = ({ data, error }) => (error ? { errors: String(error) } : { data });

say({ query: told(await client.query(asked.query, {})) });
say({ mutation: told(await client.mutation(asked.mutation, { input: asked.input })) });

client.subscription(asked.subscription, { after: asked.after }).subscribe(() => {});

await theEnd;
process.exit();
