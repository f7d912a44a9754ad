import { cacheExchange, type Cache, type Entity } from "@urql/exchange-graphcache";
import type { Exchange } from "urql";

import type { ChangesSubscription } from "../frame/Changes.generated";

/** Types that are a part of what they stand in, and are kept there. */
const PARTS = [
  "AuthorizationFailure", "Branch", "ConnectApi", "DeliveryAttempt", "EventOrigin", "Forecast", "MonitorRunFailure", "OpenIncidents", "PageInfo",
  "PostedMessage", "PostMonitoringResults", "PostTeamActivity", "RefusedIntegration", "RepositoryEntry", "RepositoryFile", "SecretField", "UserError",
];

type Change = ChangesSubscription["eventRecorded"];

/** Return the cache: an object is one entry, wherever it is shown; a change that comes in live reaches every page that shows it. */
export function createCache(): Exchange {
  return cacheExchange({
    keys: Object.fromEntries(PARTS.map((part) => [part, () => null])),
    updates: {
      Subscription: {
        eventRecorded: (result, _variables, cache) => follow(result["eventRecorded"] as Change, cache),
      },
    },
  });
}

/** So many milliseconds an answer may be under way that was read before a change which has come in meanwhile. */
const UNDER_WAY = 5_000;

/** Until when a list that is being read anew may hold what is older than the next change. */
const unsettled = new Map<string, number>();

/** Have the lists read anew that a change may be in. What its subject has become came with it. */
function follow({ type, subject }: Change, cache: Cache): void {
  forget(cache, "Query", "events");
  if (type.startsWith("INSTALLED_APP_")) reread(cache, "Query", "installedApps", /_(ADDED|DELETED)$/.test(type));
  if (type.startsWith("INTEGRATION_")) reread(cache, "Query", "integrations", /_(ADDED|DELETED)$/.test(type));
  if (type.startsWith("TEAM_MEMBER_")) forget(cache, linked(cache, "viewer", "team"), "members");
  if (type.startsWith("AUTHORIZATION_")) forget(cache, linked(cache, "viewer"), "connectedAccounts");
  if (type.startsWith("ACCESS_TOKEN_")) forget(cache, linked(cache, "viewer"), "accessTokens");
  if (subject?.__typename === "Integration" && /_(STATUS_CHANGED|REAUTHENTICATED)$/.test(type)) {
    // Whether the viewer can have a message tried again goes by it.
    reread(cache, subject, "deliveries", true);
    reread(cache, subject, "activityDeliveries", true);
  }
  if (subject?.__typename === "Delivery") {
    const isNew = /_(CREATED|SKIPPED)$/.test(type);
    reread(cache, { __typename: "Integration", id: subject.integration.id }, "deliveries", isNew);
    if (!isNew) return;
    forget(cache, { __typename: "Monitor", id: subject.run.monitor.id }, "runs");
    forget(cache, "Query", "monitors");
  }
}

/**
 * Have a list read anew where something is new in it, and again at each change that comes while that may be under way: its answer
 * would else put back what was so before the change.
 */
function reread(cache: Cache, entity: Entity, field: string, isNew: boolean): void {
  const key = `${cache.keyOfEntity(entity) ?? ""}.${field}`;
  const now = Date.now();
  if (!isNew && now > (unsettled.get(key) ?? 0)) return;
  unsettled.set(key, now + UNDER_WAY);
  forget(cache, entity, field);
}

/** Return the key of what the fields lead to, one behind the other, from the root on. */
function linked(cache: Cache, ...fields: string[]): Entity {
  return fields.reduce<Entity>((entity, field) => cache.resolve(entity, field) as Entity, "Query");
}

function forget(cache: Cache, entity: Entity, field: string): void {
  for (const { fieldName, arguments: given } of cache.inspectFields(entity)) {
    if (fieldName === field) cache.invalidate(entity, fieldName, given ?? undefined);
  }
}
