export interface Payload {
  query: string;
  variables?: Record<string, unknown>;
}

/** Have a subscription that takes `$after` begin behind `cursor` when it is sent again: graphql-ws sends the payload as it is then. */
export function resumeAfter(payload: Payload, data: unknown): void {
  const [root, ...others] = Object.values(isRecord(data) ? data : {});
  const cursor = others.length === 0 && isRecord(root) ? root["cursor"] : undefined;
  if (typeof cursor === "string" && /\$after\s*:/.test(payload.query)) {
    payload.variables = { ...payload.variables, after: cursor };
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
