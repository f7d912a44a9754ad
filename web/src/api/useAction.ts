import { useCallback, useState } from "react";
import { useMutation, type AnyVariables, type TypedDocumentNode } from "urql";

import { messageOf } from "../parts/Failure";

export interface Problem {
  message: string;
  /** The path of the input's field that it is about, as the API names it. */
  field?: readonly string[] | null;
}

interface Payload {
  userErrors: readonly Problem[];
}

export interface Action<Data, Variables> {
  run: (variables: Variables) => Promise<Data | null>;
  isWorking: boolean;
  problems: readonly Problem[];
  forget: () => void;
}

/**
 * Return a mutation as a page uses it: `run` gives its answer, or null where the API refused it; `problems` then says why, in
 * the API's words.
 */
export function useAction<Data extends object, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
): Action<Data, Variables> {
  const [{ fetching }, execute] = useMutation(document);
  const [problems, setProblems] = useState<readonly Problem[]>([]);

  const run = useCallback(
    async (variables: Variables) => {
      const { data, error } = await execute(variables);
      const refused = error ? [{ message: messageOf(error) }] : payloads(data).flatMap(({ userErrors }) => userErrors);
      setProblems(refused);
      return refused.length === 0 && data ? data : null;
    },
    [execute],
  );
  return { run, isWorking: fetching, problems, forget: useCallback(() => setProblems([]), []) };
}

const payloads = (data: object | undefined): Payload[] => Object.values(data ?? {}).filter(isPayload);

const isPayload = (value: unknown): value is Payload => typeof value === "object" && value !== null && "userErrors" in value;

/** Return what is said about one field, named by the last of its path. */
export const about = (problems: readonly Problem[], field: string): string | undefined =>
  problems.find((problem) => problem.field?.at(-1) === field)?.message;

/** Return what is said about none of these fields. */
export const besides = (problems: readonly Problem[], fields: readonly string[]): readonly Problem[] =>
  problems.filter(({ field }) => !fields.includes(field?.at(-1) ?? ""));
