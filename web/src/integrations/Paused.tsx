import { Button } from "react-aria-components";

import { useAction } from "../api/useAction";
import { Problems } from "../parts/Problems";
import { ResumeIntegrationDocument, type IntegrationDetailsFragment } from "./Integration.generated";

/** Says that an integration is paused, with the way on, or with who may take it. Nothing where it is not. */
export function Paused({ integration }: { integration: IntegrationDetailsFragment }) {
  const resume = useAction(ResumeIntegrationDocument);
  const { id, isPaused, viewerCanEdit } = integration;
  if (!isPaused) return null;
  return (
    <section className="banner" aria-label="Paused">
      <div>
        <p role="status">It is paused: it does nothing until somebody resumes it, and what it misses is not made up for.</p>
        <Problems of={resume.problems} />
        {viewerCanEdit ? <Button isPending={resume.isWorking} onPress={() => void resume.run({ id })}>Resume</Button> : <p className="quiet">Whoever made it can resume it, and Team Admins can.</p>}
      </div>
    </section>
  );
}
