import { getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws";
import { resumeAfter, rememberNewest, withEarlier } from "./subscription.js";

const LONGEST_WAIT_MS = 30_000;

/**
 * GraphiQL's fetcher for this service: POST graphql, beside the page, with the browser session or the Authorization header of the header
 * editor, subscriptions over graphql-transport-ws at the same origin.
 *
 * `onSignedIn(false)` is called when an answer says UNAUTHENTICATED, `onSignedIn(true)` with every other answer
 * but that of GraphiQL's own question for the schema.
 */
export function createFetcher({ location, onSignedIn }) {
  const httpUrl = new URL("graphql", location.href);
  const socketUrl = new URL("graphql", location.href);
  socketUrl.protocol = location.protocol === "https:" ? "wss:" : "ws:";

  return (payload, { headers = {} } = {}) =>
    isSubscription(payload)
      ? subscribe({ url: socketUrl.href, payload, authorization: findAuthorization(headers), onSignedIn })
      : post({ url: httpUrl.href, payload, headers, onSignedIn });
}

function isSubscription({ query, operationName }) {
  return getOperationAST(parse(query), operationName)?.operation === "subscription";
}

async function post({ url, payload, headers, onSignedIn }) {
  const response = await fetch(url, {
    method: "POST",
    credentials: "same-origin",
    headers: { accept: "application/graphql-response+json, application/json", "content-type": "application/json", ...headers },
    body: JSON.stringify(payload),
  });
  const text = await response.text();
  const result = parseResult(text) ?? { status: response.status, body: text };
  // Everybody is told of the schema, so its answer says nothing of who asks.
  if (payload.operationName !== "IntrospectionQuery") onSignedIn(isSignedIn(result));
  return result;
}

function parseResult(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isSignedIn(result) {
  return !result.errors?.some((error) => error.extensions?.code === "UNAUTHENTICATED");
}

function findAuthorization(headers) {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization")?.[1];
}

// An observable and not an async generator: a generator that waits for its next value cannot be stopped before it comes.
function subscribe({ url, payload, authorization, onSignedIn }) {
  return {
    subscribe({ next, error, complete }) {
      // One connection a subscription: another Authorization header is another connection.
      const client = createClient({
        url,
        connectionParams: authorization ? { authorization } : undefined,
        retryAttempts: Infinity,
        retryWait: (attempt) => wait(Math.min(LONGEST_WAIT_MS, 1000 * 2 ** attempt) * (0.5 + Math.random() / 2)),
      });
      let earlier = [];
      const stop = client.subscribe(payload, {
        next(result) {
          onSignedIn(isSignedIn(result));
          resumeAfter(payload, result);
          next(withEarlier(result, earlier));
          earlier = rememberNewest(earlier, result);
        },
        error(reason) {
          onSignedIn(reason.code !== 4401);
          error(explain(reason));
        },
        complete,
      });
      return {
        unsubscribe() {
          stop();
          client.dispose();
        },
      };
    },
  };
}

function wait(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function explain(reason) {
  if (typeof reason.code !== "number") return reason;
  return new Error(`The server closed the connection: ${reason.code} ${reason.reason}`.trim());
}
