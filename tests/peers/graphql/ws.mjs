// graphql-ws: everything over one WebSocket.
import { asked, say, take, theEnd } from './conversation.mjs';
import { client } from './ws_client.mjs';

const once = async (payload) => (await client.iterate(payload).next()).value;

say({ query: await once({ query: asked.query }) });
say({ mutation: await once({ query: asked.mutation, variables: { input: asked.input } }) });

const variables = { after: asked.after };
client.subscribe(
  { query: asked.subscription, variables },
  {
    next: (result) => take(result, variables),
    error: (error) => say({ gaveUp: error.code ?? String(error) }),
    complete: () => say({ completed: true }),
  },
);

await theEnd;
await client.dispose();
process.exit();
