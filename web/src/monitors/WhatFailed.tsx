import { useState } from "react";
import { Button } from "react-aria-components";
import { useQuery } from "urql";

import { Failure } from "../parts/Failure";
import { isolated } from "../parts/isolated";
import { Working } from "../parts/Working";
import { WhatFailedDocument } from "./Monitors.generated";

/** What failed in a run, in its own words: read when it is asked for, since there may be much. */
export function WhatFailed({ run, named }: { run: string; named: string }) {
  const [isOpen, setOpen] = useState(false);
  const [{ data, error }] = useQuery({ query: WhatFailedDocument, variables: { id: run }, pause: !isOpen });
  const failures = data?.node && "failures" in data.node ? data.node.failures : undefined;
  return (
    <>
      <Button className="link" aria-expanded={isOpen} aria-label={`What failed in the run ${isolated(named)}`} onPress={() => setOpen(!isOpen)}>What failed</Button>
      {isOpen && error && <Failure error={error} />}
      {isOpen && !failures && !error && <Working what="Reading what failed" />}
      {isOpen && failures?.length === 0 && <p className="quiet">The report names nothing that failed.</p>}
      {isOpen && failures && failures.length > 0 && (
        <ul className="attempts">
          {failures.map(({ name, message }, index) => <li key={index}><bdi>{name}</bdi>: <q><bdi>{message}</bdi></q></li>)}
        </ul>
      )}
    </>
  );
}
