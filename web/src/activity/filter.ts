import type { EventFilter, EventType } from "../api/schema.generated";
import { EVENT_GROUPS, EVENT_TYPES } from "./eventTypes";

/** What of the log is shown, as it stands in the page's address: it can be bookmarked, and a reload keeps it. */
export interface Filter {
  /** A type of event, or the key of a group of them. */
  what: string;
  /** The id of the member who did it. */
  who: string;
  /** The id of what it happened to. */
  about: string;
  /** Moments, as the API has them. */
  from: string;
  until: string;
}

export const EVERYTHING: Filter = { what: "", who: "", about: "", from: "", until: "" };

const NAMES = Object.keys(EVERYTHING) as (keyof Filter)[];

/** Return the filter of an address; what no filter can be is left out. */
export function readFilter(address: URLSearchParams): Filter {
  const read = Object.fromEntries(NAMES.map((name) => [name, address.get(name) ?? ""])) as unknown as Filter;
  return {
    ...read,
    what: typesOf(read.what) ? read.what : "",
    from: momentOf(read.from),
    until: momentOf(read.until),
  };
}

/** Return the filter as it stands in an address. */
export const writeFilter = (filter: Filter): Record<string, string> =>
  Object.fromEntries(NAMES.filter((name) => filter[name]).map((name) => [name, filter[name]]));

export const isEverything = (filter: Filter): boolean => NAMES.every((name) => !filter[name]);

/** Return the filter as the API takes it. */
export function filterOf({ what, who, about }: Filter): EventFilter | null {
  const filter: EventFilter = {};
  const types = typesOf(what);
  if (types) filter.types = [...types];
  if (who) filter.actorId = who;
  if (about) filter.subjectId = about;
  return Object.keys(filter).length > 0 ? filter : null;
}

function typesOf(what: string): readonly EventType[] | null {
  const type = EVENT_TYPES.find((each) => each === what);
  return type ? [type] : (EVENT_GROUPS.find(({ key }) => key === what)?.types ?? null);
}

/** Return a moment as a field of a date and a time has it, by the reader's own clock. */
export function localOf(moment: string): string {
  if (!moment) return "";
  const at = new Date(moment);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Return the moment that such a field or an address names, as the API has it; empty where it names none that the API takes. */
export function momentOf(text: string): string {
  const at = new Date(text);
  const year = at.getUTCFullYear();
  return year >= 1 && year <= 9999 ? at.toISOString() : "";
}
