import { useState } from "react";
import { useSubscription } from "urql";

import { ChangesDocument } from "./Changes.generated";

/** Follow the team's log from the cursor on, as long as the page is open: the cache takes every change to where it is shown. */
export function useChanges(after: string): void {
  const [from] = useState(after); // the cursor is read again with the frame; the subscription goes on by its own
  useSubscription({ query: ChangesDocument, variables: { after: from } });
}
