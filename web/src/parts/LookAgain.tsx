import { Button } from "react-aria-components";

import { Failure } from "./Failure";
import type { Lookup } from "./useLookup";

/** Says why something could not be looked up, and lets one look again. */
export function LookAgain({ lookup: { failure, again } }: { lookup: Lookup }) {
  if (!failure) return null;
  return (
    <>
      <Failure error={failure} />
      <Button slot={null} onPress={again}>Look again</Button>
    </>
  );
}
