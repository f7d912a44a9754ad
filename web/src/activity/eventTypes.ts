import type { EventType } from "../api/schema.generated";

/** What each type of event tells, in plain words. */
const WORDS: Readonly<Record<EventType, string>> = {
  INSTALLED_APP_ADDED: "An installed app was added",
  INSTALLED_APP_EDITED: "An installed app was changed",
  INSTALLED_APP_DELETED: "An installed app was deleted",
  INSTALLED_APP_REAUTHENTICATED: "An installed app was re-authenticated",
  INSTALLED_APP_STATUS_CHANGED: "An installed app has another status",
  INSTALLED_APP_WILL_STOP: "An installed app will stop soon",
  INSTALLED_APP_WILL_NOT_STOP: "An installed app will not stop after all",
  INTEGRATION_ADDED: "An integration was added",
  INTEGRATION_EDITED: "An integration was changed",
  INTEGRATION_DELETED: "An integration was deleted",
  INTEGRATION_REAUTHENTICATED: "An integration was re-authenticated",
  INTEGRATION_STATUS_CHANGED: "An integration has another status",
  INTEGRATION_WILL_STOP: "An integration will stop soon",
  INTEGRATION_WILL_NOT_STOP: "An integration will not stop after all",
  INTEGRATION_TESTED: "A test message was asked for",
  DELIVERY_CREATED: "A run made a message",
  DELIVERY_SKIPPED: "A waiting message was dropped",
  DELIVERY_RETRYING: "A message will be tried again",
  DELIVERY_SUCCEEDED: "A message was delivered",
  DELIVERY_FAILED: "A message was given up",
  ACTIVITY_DELIVERY_FAILED: "A message about the team's activity was given up",
  AUTHORIZATION_COMPLETED: "A sign-in at a provider succeeded",
  AUTHORIZATION_FAILED: "A sign-in at a provider failed",
  AUTHORIZATION_REVOKED: "A sign-in at a provider was ended",
  TEAM_MEMBER_ADDED: "A member was added",
  TEAM_MEMBER_ROLE_CHANGED: "A member has another role",
  TEAM_MEMBER_REMOVED: "A member was removed",
  SIGN_IN_LINK_CREATED: "A sign-in link was made for a member",
  REFUSED: "A member was refused something",
  ACCESS_TOKEN_CREATED: "An access token was made",
  ACCESS_TOKEN_REVOKED: "An access token was revoked",
};

/** What a channel is told of where no types are chosen. */
export const USUAL_EVENTS = "What stopped, what will stop, and what came back";

export interface EventGroup {
  key: string;
  name: string;
  types: readonly EventType[];
}

const group = (key: string, name: string, beginsWith: RegExp): EventGroup => ({ key, name, types: EVENT_TYPES.filter((type) => beginsWith.test(type)) });

export const EVENT_TYPES = Object.keys(WORDS) as EventType[];

export const EVENT_GROUPS: readonly EventGroup[] = [
  group("installed-apps", "Installed apps", /^INSTALLED_APP_/),
  group("integrations", "Integrations", /^INTEGRATION_/),
  group("messages", "Messages", /^(DELIVERY|ACTIVITY_DELIVERY)_/),
  group("sign-ins", "Sign-ins", /^AUTHORIZATION_/),
  group("members", "Members", /^(TEAM_MEMBER_|SIGN_IN_LINK_|REFUSED$)/),
  group("access-tokens", "Access tokens", /^ACCESS_TOKEN_/),
];

/** Return what events of the type tell. A type that this page does not know yet is said as the API names it. */
export const sayType = (type: EventType): string => WORDS[type] ?? type.toLowerCase().replaceAll("_", " ");
