import type { ReactNode } from "react";

import type { IntegrationDetailsFragment } from "./Integration.generated";

/** A banner with a red warning icon and the reason, where an integration does not work. */
export function WhatIsWrong({ integration, children }: { integration: IntegrationDetailsFragment; children?: ReactNode }) {
  const { status, statusMessage } = integration;
  if (statusMessage === null) return null;
  const isPaused = status === "PAUSED";
  return (
    <section className={isPaused ? "banner" : "banner bad"} aria-label={isPaused ? "Paused" : "What is wrong"}>
      {!isPaused && <span className="warning" role="img" aria-label="Warning">!</span>}
      <div>
        <p>{statusMessage}</p>
        {children}
      </div>
    </section>
  );
}
