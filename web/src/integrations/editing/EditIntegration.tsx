import { useState, type FormEvent } from "react";
import { Button } from "react-aria-components";
import { Link, useNavigate, useParams } from "react-router";
import { useQuery } from "urql";

import type { EditIntegrationSettingsInput, IntegrationSettingsInput } from "../../api/schema.generated";
import { about, besides, useAction } from "../../api/useAction";
import { Failure } from "../../parts/Failure";
import { isolated } from "../../parts/isolated";
import { Problems } from "../../parts/Problems";
import { TextInput } from "../../parts/TextInput";
import { Working } from "../../parts/Working";
import type { Using } from "../adding/Credentials";
import { FIELDS, inputOf, SHOWN_AT_FIELDS } from "../adding/KindForm";
import { EditIntegrationDocument, IntegrationToEditDocument, type IntegrationDetailsFragment } from "../Integration.generated";
import { WhatIsWrong } from "../WhatIsWrong";
import { OtherCredentials, type Other } from "./OtherCredentials";

/** Edit an integration: its name, its settings and what authorizes it, in one save. */
export default function EditIntegration() {
  const { id = "" } = useParams();
  const [{ data, error }] = useQuery({ query: IntegrationToEditDocument, variables: { id } });
  if (error) return <Failure error={error} />;
  if (!data) return <Working what="Reading the integration" />;
  if (!data.integration) return <p>There is no such integration.</p>;
  if (!data.integration.viewerCanEdit) return <p>Whoever made this integration can edit it, and Team Admins can.</p>;
  return <Form key={id} integration={data.integration} />;
}

function Form({ integration }: { integration: IntegrationDetailsFragment }) {
  const navigate = useNavigate();
  const [name, setName] = useState(integration.name);
  const [settings, setSettings] = useState<IntegrationSettingsInput | null>(null);
  const [other, setOther] = useState<Other | null>(null);
  const edit = useAction(EditIntegrationDocument);
  const [readAt] = useState(integration.updatedAt); // an edit of somebody else's meanwhile is a conflict, which the API tells
  const here = `/integrations/${encodeURIComponent(integration.id)}`;
  const current: Using | null = integration.installedApp ? { kind: "app", id: integration.installedApp.id } : null;
  const using = other?.using ?? current;
  const Fields = FIELDS[integration.kind.key];
  const isReadable = integration.settings.__typename !== "ConnectApi" || using !== null; // a repository is read with what authorizes it
  const isOpen = Fields !== undefined && isReadable && settings === null; // something that it cannot do without was emptied

  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const input = {
      id: integration.id,
      expectedUpdatedAt: readAt,
      name,
      ...(settings && { settings: editOf(settings) }),
      ...(other && { using: inputOf(other.using) }),
    };
    if (await edit.run({ input })) await navigate(here);
  };

  return (
    <>
      <title>{`Edit ${isolated(integration.name)}`}</title>
      <h1>Edit integration</h1>
      <WhatIsWrong integration={integration} />
      <form onSubmit={(event) => void save(event)}>
        <TextInput label="Name" value={name} onChange={setName} problem={about(edit.problems, "name")} isRequired />
        <OtherCredentials integration={integration} other={other} onUse={setOther} />
        {Fields && <Fields key={other?.using.id} using={using} sharing={integration.provider.sharing} now={integration.settings} problems={edit.problems} onChange={setSettings} />}
        <Problems of={besides(edit.problems, SHOWN_AT_FIELDS)} />
        <div className="actions">
          <Link className="button" to={here}>Cancel</Link>
          <Button className="primary" type="submit" isDisabled={isOpen} isPending={edit.isWorking}>Save changes</Button>
        </div>
      </form>
    </>
  );
}

/** What of the settings an edit can change. */
function editOf({ connectApi, openIncidents, postMonitoringResults, postTeamActivity }: IntegrationSettingsInput): EditIntegrationSettingsInput {
  if (connectApi) {
    const { repositoryId: _, ...rest } = connectApi;
    return { connectApi: rest };
  }
  if (openIncidents) return { openIncidents: { severity: openIncidents.severity } };
  return postTeamActivity ? { postTeamActivity } : { postMonitoringResults };
}
