import { createClient, type Client } from "graphql-ws";

import { socketAddress } from "./addresses";
import { setConnection } from "./connection";

const LONGEST_WAIT = 10_000;

/**
 * Return a WebSocket client that never gives up: after a lost connection each subscription goes on behind the last change
 * that it was told, so nothing is missed and nothing told twice.
 */
export function createLiveClient(): Client {
  return createClient({
    url: socketAddress,
    lazy: true,
    keepAlive: 10_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: (retries) => wait(Math.min(LONGEST_WAIT, 250 * 2 ** retries) * (0.75 + Math.random() / 2)),
    on: {
      connected: () => setConnection("live"),
      closed: () => setConnection("cut-off"),
    },
  });
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
