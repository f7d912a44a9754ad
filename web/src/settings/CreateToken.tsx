import { useState, type FormEvent } from "react";
import { Button, Checkbox, CheckboxGroup, FieldError, Label } from "react-aria-components";

import type { AccessTokenScope, TeamRole } from "../api/schema.generated";
import { about, besides, useAction } from "../api/useAction";
import { useViewer } from "../frame/viewer";
import { Problems } from "../parts/Problems";
import { TextInput } from "../parts/TextInput";
import { CreateTokenDocument } from "./AccessTokens.generated";

export const SCOPES: readonly (readonly [AccessTokenScope, string])[] = [
  ["READ", "Read"],
  ["RUNS_WRITE", "Report runs"],
  ["INTEGRATIONS_WRITE", "Change integrations"],
  ["ADMIN", "Administer the team"],
];

/** What a member of each role cannot give a token, since they may not do it themselves. */
const BEYOND: Readonly<Record<TeamRole, readonly AccessTokenScope[]>> = {
  ADMIN: [],
  MEMBER: ["ADMIN"],
  VIEWER: ["RUNS_WRITE", "INTEGRATIONS_WRITE", "ADMIN"],
};

const LONGEST = 365;

/** Make an access token: it is shown once. */
export function CreateToken({ onCreated }: { onCreated: (token: string) => void }) {
  const [name, setName] = useState("");
  const beyond = BEYOND[useViewer().member.role];
  const [scopes, setScopes] = useState<AccessTokenScope[]>(beyond.includes("RUNS_WRITE") ? ["READ"] : ["RUNS_WRITE"]);
  const [days, setDays] = useState("90");
  const [isTried, setTried] = useState(false);
  const isNumber = /^\d{1,3}$/.test(days.trim());
  const create = useAction(CreateTokenDocument);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (!isNumber) return;
    const token = (await create.run({ name, scopes, days: Number(days) }))?.createAccessToken?.token;
    if (!token) return;
    onCreated(token);
    setName("");
  };
  return (
    <form onSubmit={(event) => void save(event)} aria-label="Create an access token">
      <h2>Create an access token</h2>
      <TextInput label="Name" value={name} onChange={setName} problem={about(create.problems, "name")} isRequired />
      <CheckboxGroup className="field" value={scopes} onChange={(chosen) => setScopes(chosen as AccessTokenScope[])} isInvalid={about(create.problems, "scopes") !== undefined} validationBehavior="aria">
        <Label>What it may do</Label>
        {SCOPES.filter(([scope]) => !beyond.includes(scope)).map(([scope, words]) => (
          <Checkbox key={scope} value={scope} className="checkbox" validationBehavior="aria">
            {({ isSelected }) => <><span className="box" aria-hidden>{isSelected ? "✓" : ""}</span>{words}</>}
          </Checkbox>
        ))}
        <FieldError className="field-problem">{about(create.problems, "scopes")}</FieldError>
      </CheckboxGroup>
      <TextInput
        label="Days until it expires" value={days} onChange={setDays} isRequired
        problem={isTried && !isNumber ? `Type a number from 1 to ${LONGEST}.` : about(create.problems, "expiresInDays")}
      />
      <Problems of={besides(create.problems, ["name", "scopes", "expiresInDays"])} />
      <Button className="primary" type="submit" isPending={create.isWorking}>Create access token</Button>
    </form>
  );
}
