import { useState, type FormEvent } from "react";
import { Button } from "react-aria-components";

import type { TeamRole } from "../api/schema.generated";
import { about, besides, useAction } from "../api/useAction";
import { Choice } from "../parts/Choice";
import { Problems } from "../parts/Problems";
import { TextInput } from "../parts/TextInput";
import { AddMemberDocument } from "./Members.generated";
import { ROLE_CHOICES } from "./roles";

/** Add a member: the link that comes of it is shown once. */
export function AddMember({ onAdded }: { onAdded: (link: { of: string; url: string }) => void }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<TeamRole>("MEMBER");
  const add = useAction(AddMemberDocument);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const url = (await add.run({ name, email, role }))?.addTeamMember?.inviteUrl;
    if (!url) return;
    onAdded({ of: name, url });
    setName("");
    setEmail("");
  };
  return (
    <form onSubmit={(event) => void save(event)} aria-label="Add a member">
      <h2>Add a member</h2>
      <TextInput label="Name" value={name} onChange={setName} problem={about(add.problems, "name")} isRequired />
      <TextInput label="E-mail" type="email" value={email} onChange={setEmail} problem={about(add.problems, "email")} isRequired />
      <Choice<TeamRole> label="Role" value={role} onChange={setRole} choices={ROLE_CHOICES} />
      <Problems of={besides(add.problems, ["name", "email"])} />
      <Button className="primary" type="submit" isPending={add.isWorking}>Add member</Button>
    </form>
  );
}
