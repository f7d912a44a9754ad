import { useState } from "react";
import { Button } from "react-aria-components";
import { Link, useNavigate } from "react-router";

import { useAction } from "../api/useAction";
import { Confirm } from "../parts/Confirm";
import { Problems } from "../parts/Problems";
import {
  DeleteIntegrationDocument, PauseIntegrationDocument, TestIntegrationDocument, type IntegrationDetailsFragment,
} from "./Integration.generated";

/** What the viewer may do with an integration; where that is nothing, who may. */
export function Actions({ integration }: { integration: IntegrationDetailsFragment }) {
  const navigate = useNavigate();
  const pause = useAction(PauseIntegrationDocument);
  const test = useAction(TestIntegrationDocument);
  const [notice, setNotice] = useState<string | null>(null);
  const remove = useAction(DeleteIntegrationDocument);
  const { id, name, isPaused, viewerCanEdit, viewerCanDelete } = integration;
  if (!viewerCanEdit && !viewerCanDelete) return <p className="quiet">Whoever made it can edit and delete it, and Team Admins can.</p>;
  const sendTest = async (): Promise<void> => {
    setNotice(null);
    const answer = await test.run({ id });
    setNotice(answer?.testIntegration?.notice ?? null);
  };
  const leave = async (): Promise<boolean> => {
    if (!(await remove.run({ id }))) return false;
    await navigate("/integrations");
    return true;
  };
  return (
    <>
      <Problems of={[...pause.problems, ...test.problems]} />
      {notice && <p role="status" className="notice">{notice}</p>}
      <div className="actions">
        {viewerCanEdit && <Link className="button" to={`/integrations/${encodeURIComponent(id)}/edit`}>Edit integration</Link>}
        {viewerCanEdit && !isPaused && <Button isPending={pause.isWorking} onPress={() => void pause.run({ id })}>Pause</Button>}
        {viewerCanEdit && integration.settings.__typename === "PostMonitoringResults" && (
          <Button isPending={test.isWorking} onPress={() => void sendTest()}>Send a test message</Button>
        )}
        {viewerCanDelete && (
          <Confirm trigger="Delete" title={<>Delete <bdi>{name}</bdi>?</>} act="Delete the integration" isWorking={remove.isWorking} onAct={leave}>
            <p>It stops at once, and its run log goes with it. What it has posted stays where it is.</p>
            <Problems of={remove.problems} />
          </Confirm>
        )}
      </div>
    </>
  );
}
