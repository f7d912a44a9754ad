import { useState, type FormEvent } from "react";
import { Button, Checkbox, CheckboxGroup, Label } from "react-aria-components";

import type { AccessTokenScope } from "../api/schema.generated";
import { about, besides, useAction } from "../api/useAction";
import { Problems } from "../parts/Problems";
import { TextInput } from "../parts/TextInput";
import { CreateTokenDocument } from "./AccessTokens.generated";

export const SCOPES: readonly (readonly [AccessTokenScope, string])[] = [
  ["READ", "Read"],
  ["RUNS_WRITE", "Report runs"],
  ["INTEGRATIONS_WRITE", "Change integrations"],
  ["ADMIN", "Administer the team"],
];

/** Make an access token: it is shown once. */
export function CreateToken({ onCreated }: { onCreated: (token: string) => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<AccessTokenScope[]>(["RUNS_WRITE"]);
  const [days, setDays] = useState("90");
  const create = useAction(CreateTokenDocument);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const token = (await create.run({ name, scopes, days: Number(days) }))?.createAccessToken?.token;
    if (!token) return;
    onCreated(token);
    setName("");
  };
  return (
    <form onSubmit={(event) => void save(event)} aria-label="Create an access token">
      <h2>Create an access token</h2>
      <TextInput label="Name" value={name} onChange={setName} problem={about(create.problems, "name")} isRequired />
      <CheckboxGroup className="field" value={scopes} onChange={(chosen) => setScopes(chosen as AccessTokenScope[])}>
        <Label>What it may do</Label>
        {SCOPES.map(([scope, words]) => (
          <Checkbox key={scope} value={scope} className="checkbox">
            {({ isSelected }) => <><span className="box" aria-hidden>{isSelected ? "✓" : ""}</span>{words}</>}
          </Checkbox>
        ))}
      </CheckboxGroup>
      <TextInput label="Days until it expires" value={days} onChange={setDays} problem={about(create.problems, "expiresInDays")} isRequired />
      <Problems of={besides(create.problems, ["name", "expiresInDays"])} />
      <Button className="primary" type="submit" isPending={create.isWorking}>Create access token</Button>
    </form>
  );
}
