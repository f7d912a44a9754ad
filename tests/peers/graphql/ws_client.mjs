// Export a graphql-ws client that comes back from whatever it may come back from.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { aMoment, asked, authorization, say } from './conversation.mjs';

export const client = createClient({
  url: asked.url.replace('http', 'ws'),
  webSocketImpl: WebSocket,
  connectionParams: () => ({ authorization: authorization() }),
  lazyCloseTimeout: 60_000,
  retryAttempts: Infinity,
  retryWait: aMoment,
  shouldRetry: () => true, // a refused connection too; what is fatal by its close code never gets here
  on: {
    connected: () => say({ connected: true }),
    closed: ({ code }) => say({ closed: code }),
  },
});
