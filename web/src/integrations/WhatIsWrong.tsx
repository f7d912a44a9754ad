import type { ReactNode } from "react";

import type { IntegrationDetailsFragment } from "./Integration.generated";

/** A banner with a red warning icon and the reason, where an integration does not work. One that is paused has no reason. */
export function WhatIsWrong({ integration, children }: { integration: IntegrationDetailsFragment; children?: ReactNode }) {
  const { statusMessage } = integration;
  if (statusMessage === null) return null;
  return (
    <section className="banner bad" aria-label="What is wrong">
      <span className="warning" role="img" aria-label="Warning">!</span>
      <div>
        <p>{statusMessage}</p>
        {children}
      </div>
    </section>
  );
}
