const REMEMBERED_AT_MOST = 100;

/**
 * Let the next connection go on behind `result`: graphql-ws sends `payload` as it is then. Only where the operation
 * declares `$after`, and its single root field has a cursor at its top.
 */
export function resumeAfter(payload, { data }) {
  const roots = Object.values(data ?? {});
  const cursor = roots.length === 1 ? roots[0]?.cursor : undefined;
  if (typeof cursor === "string" && /\$after\s*:/.test(payload.query)) {
    payload.variables = { ...payload.variables, after: cursor };
  }
}

/** The result as GraphiQL shows it, which shows one at a time: what came before it, newest first, stands below it. */
export function withEarlier(result, earlier) {
  return earlier.length ? { ...result, earlier } : result;
}

/** `earlier` with what `result` brought in front, the oldest dropped. */
export function rememberNewest(earlier, { data }) {
  return data ? [data, ...earlier].slice(0, REMEMBERED_AT_MOST) : earlier;
}
