// urql as it comes: queries by GET, mutations by POST, subscriptions as server-sent events.
import { Client, fetchExchange } from '@urql/core';
import { aMoment, asked, authorization, say, take, theEnd } from './conversation.mjs';

const client = new Client({
  url: asked.url,
  exchanges: [fetchExchange],
  fetchSubscriptions: true,
  fetchOptions: () => ({ headers: { authorization: authorization() } }),
  fetch: async (url, options) => {
    const response = await fetch(url, options);
    const type = response.headers.get('content-type');
    say({ asked: options.method, accepting: options.headers.accept, answered: response.status, type });
    return response;
  },
});

const told = ({ data, error }) => (error ? { errors: String(error) } : { data });

say({ query: told(await client.query(asked.query, {})) });
say({ mutation: told(await client.mutation(asked.mutation, { input: asked.input })) });

// urql repeats the last result when a stream has ended, however it has, and leaves it to the application to come back. Where the
// answer is no stream, such as a refusal, it says that there is more, and no more comes.
const variables = { after: asked.after };
const listen = () => {
  let isOver = false;
  client.subscription(asked.subscription, { ...variables }).subscribe(({ hasNext, error, ...result }) => {
    if (isOver) return;
    if (hasNext && !error) return take(result, variables);
    isOver = true;
    if (error) say({ interrupted: String(error) });
    aMoment().then(listen);
  });
};
listen();

await theEnd;
process.exit();
