import { useState } from "react";

import { Picker, type Choice } from "../parts/Picker";
import { useAll } from "../parts/useAll";
import { useKept } from "../parts/useKept";
import { useLookup } from "../parts/useLookup";
import { useSettled } from "../parts/useSettled";
import { MembersToChooseDocument, SubjectsToChooseDocument, type MembersToChooseQuery } from "./Activity.generated";

export interface Named {
  id: string;
  name: string;
}

interface Props {
  /** The name is empty while it is not read yet. */
  chosen: Named | null;
  onChoose: (id: string) => void;
}

/** One of the team's members. */
export function MemberPicker({ chosen, onChoose }: Props) {
  const [isOpened, setOpened] = useState(false);
  const [typed, setTyped] = useTyped(chosen);
  const [nodes, lookup] = useAll({ query: MembersToChooseDocument, pageOf: membersOf, isOpen: isOpened });
  const words = typed === chosen?.name ? "" : typed.toLowerCase();
  const found = nodes.filter(({ name }) => name.toLowerCase().includes(words));
  return (
    <Picker
      label="Who did it" typed={typed} onType={setTyped} choices={withChosen(chosen, found)} chosen={chosen?.id ?? null}
      onChoose={(choice) => onChoose(choice?.id ?? "")} onOpen={() => setOpened(true)} lookup={lookup} empty="No member has this name."
    />
  );
}

const membersOf = (data: MembersToChooseQuery) => data.viewer.team.members;

/** An integration or an installed app, searched as one types. */
export function SubjectPicker({ chosen, onChoose }: Props) {
  const [isOpened, setOpened] = useState(false);
  const [typed, setTyped] = useTyped(chosen);
  const search = useSettled(typed === chosen?.name ? "" : typed).trim() || null;
  const [data, lookup] = useLookup({ query: SubjectsToChooseDocument, variables: { search }, pause: !isOpened });
  const { integrations, installedApps } = useKept(data) ?? {};
  const found: Choice[] = [
    ...(installedApps?.nodes.map(({ id, name }) => ({ id, name, note: "installed app" })) ?? []),
    ...(integrations?.nodes.map(({ id, name }) => ({ id, name, note: "integration" })) ?? []),
  ];
  return (
    <Picker
      label="What it is about" typed={typed} onType={setTyped} choices={withChosen(chosen, found)} chosen={chosen?.id ?? null}
      onChoose={(choice) => onChoose(choice?.id ?? "")} onOpen={() => setOpened(true)} lookup={lookup}
      empty="No installed app and no integration has this name."
    />
  );
}

/** Return what was typed; until then, the name of what is chosen. It goes with what is chosen. */
function useTyped(chosen: Named | null): [typed: string, type: (text: string) => void] {
  const [typed, setTyped] = useState<string>();
  const [last, setLast] = useState(chosen?.id);
  if (chosen?.id !== last) {
    setLast(chosen?.id);
    if (!chosen) setTyped(undefined);
  }
  return [typed ?? chosen?.name ?? "", setTyped];
}

const withChosen = (chosen: Named | null, found: readonly Choice[]): readonly Choice[] =>
  chosen && !found.some(({ id }) => id === chosen.id) ? [chosen, ...found] : found;
