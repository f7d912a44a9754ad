import { useQuery, type AnyVariables, type CombinedError, type UseQueryArgs } from "urql";

/** How it goes with what is looked up for a field. */
export interface Lookup {
  /** Whether the answer is still under way. */
  isUnderWay: boolean;
  /** Why there is no answer. */
  failure: CombinedError | undefined;
  /** Look it up once more. */
  again: () => void;
}

/** Return what is asked, once it is known, and how it goes with asking. */
export function useLookup<Data, Variables extends AnyVariables>(asked: UseQueryArgs<Variables, Data>): [data: Data | undefined, lookup: Lookup] {
  const [{ data, error, fetching }, execute] = useQuery(asked);
  return [data, { isUnderWay: fetching, failure: error, again: () => execute({ requestPolicy: "network-only" }) }];
}
