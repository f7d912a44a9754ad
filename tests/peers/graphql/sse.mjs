// graphql-sse, each operation over a connection of its own.
import { createClient } from 'graphql-sse';
import { aMoment, asked, authorization, say, take, theEnd } from './conversation.mjs';

const client = createClient({
  url: asked.url,
  headers: () => ({ authorization: authorization() }),
  retryAttempts: Infinity,
  retry: aMoment,
  fetchFn: async (...request) => {
    const response = await fetch(...request);
    say({ answered: response.status });
    return response;
  },
});

const once = async (payload) => (await client.iterate(payload).next()).value;

say({ query: await once({ query: asked.query }) });
say({ mutation: await once({ query: asked.mutation, variables: { input: asked.input } }) });

const variables = { after: asked.after };
client.subscribe(
  { query: asked.subscription, variables },
  {
    next: (result) => take(result, variables),
    error: (error) => say({ gaveUp: String(error) }),
    complete: () => say({ completed: true }),
  },
);

await theEnd;
process.exit();
