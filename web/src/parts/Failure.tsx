import type { CombinedError } from "urql";

/** Says in the API's words why something could not be shown or done. */
export function Failure({ error }: { error: CombinedError }) {
  return (
    <div role="alert" className="notice bad">
      <p>{messageOf(error)}</p>
    </div>
  );
}

export function messageOf(error: CombinedError): string {
  if (error.networkError) return "The server cannot be reached. Try again in a moment.";
  return error.graphQLErrors.map(({ message }) => message).join(" ");
}
