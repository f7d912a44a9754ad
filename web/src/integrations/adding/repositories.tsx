import { useMemo, useState } from "react";

import { Picker, type Choice } from "../../parts/Picker";
import { useKept } from "../../parts/useKept";
import { useLookup } from "../../parts/useLookup";
import { useSettled } from "../../parts/useSettled";
import { BranchesDocument, EntriesDocument, RepositoriesDocument, type EntriesQuery, type RepositoriesQuery } from "./AddIntegration.generated";

type Found = NonNullable<NonNullable<RepositoriesQuery["installedApp"]>["repositories"]>["nodes"][number];
type Entry = NonNullable<NonNullable<NonNullable<EntriesQuery["installedApp"]>["repository"]>["entries"]>["nodes"][number];

const NONE: readonly Entry[] = [];

export type Repository = Found & { app: string };

/** A repository, searched at the server as the member who asks sees it. */
export function RepositoryPicker({ app, chosen, onChoose, problem }: {
  app: string;
  chosen: Repository | null;
  onChoose: (repository: Repository | null) => void;
  problem: string | undefined;
}) {
  const [typed, setTyped] = useState("");
  const settled = useSettled(typed);
  const search = settled === chosen?.fullName ? null : settled || null;
  const [isOpened, setOpened] = useState(false);
  const [data, lookup] = useLookup({ query: RepositoriesDocument, variables: { id: app, search }, pause: !isOpened });
  const found = useKept(data?.installedApp?.repositories?.nodes) ?? [];
  const choose = (id: string | null): void => {
    const repository = found.find((each) => each.id === id);
    if (repository) onChoose({ ...repository, app });
    else if (id !== chosen?.id) onChoose(null);
  };
  return (
    <Picker
      label="Repository" typed={typed} onType={setTyped} choices={found.map(({ id, fullName }) => ({ id, name: fullName }))}
      chosen={chosen?.id ?? null} onChoose={(choice) => choose(choice?.id ?? null)} problem={problem} isRequired onOpen={() => setOpened(true)} lookup={lookup}
    />
  );
}

interface InRepository {
  repository: Repository;
  branch: string;
  problem: string | undefined;
}

/** A branch of the repository. */
export function BranchPicker({ repository, branch, onChoose, problem }: InRepository & { onChoose: (branch: string) => void }) {
  const [typed, setTyped] = useState(branch);
  const search = useSettled(typed);
  const [isOpened, setOpened] = useState(false);
  const [data, lookup] = useLookup({
    query: BranchesDocument,
    pause: !isOpened,
    variables: { id: repository.app, repository: repository.id, search: search === branch ? null : search || null },
  });
  const found = useKept(data?.installedApp?.repository?.branches?.nodes) ?? [];
  return (
    <Picker
      label="Branch" typed={typed} onType={setTyped} chosen={branch || null} problem={problem} isRequired onOpen={() => setOpened(true)} lookup={lookup}
      choices={found.map(({ name, isDefault }) => ({ id: name, name, note: isDefault ? "default" : undefined }))}
      onChoose={(choice) => choice && onChoose(choice.id)}
    />
  );
}

/** A file, found directory by directory: a chosen directory shows what stands in it. */
export function FilePicker({ repository, branch, file, onChoose, problem }: InRepository & { file: string; onChoose: (file: string) => void }) {
  const [typed, setTyped] = useState(file);
  const directory = typed.replace(/[^/]*$/, "").replace(/\/$/, "");
  const path = useSettled(directory);
  const [isOpened, setOpened] = useState(false);
  const [data, lookup] = useLookup({
    query: EntriesDocument,
    pause: !isOpened,
    variables: { id: repository.app, repository: repository.id, branch, path },
  });
  const isFound = path === directory && !lookup.isUnderWay;
  const entries = isFound ? (data?.installedApp?.repository?.entries?.nodes ?? NONE) : undefined;
  const choices = useKept(useMemo(() => entries && choicesOf(entries, typed, file), [entries, typed, file])) ?? [];
  const chosenFile = choices.find(({ name }) => name === file && !name.endsWith("/"))?.id ?? null; // behind a directory one goes on
  const type = (text: string): void => {
    setTyped(text);
    onChoose(text.trim());
  };
  return (
    <Picker
      label="Definition file" typed={typed} onType={type} choices={choices} chosen={chosenFile} problem={problem} takesNew onOpen={() => setOpened(true)} lookup={lookup}
      onChoose={(choice) => choice && type(choice.name)} help="The path of the root definition file. Left empty, the connection has none."
      empty="Nothing stands there."
    />
  );
}

function choicesOf(entries: readonly Entry[], typed: string, file: string): readonly Choice[] {
  return entries
    .filter((entry) => entry.path.startsWith(typed) || entry.path === file)
    .map((entry) => ({ id: entry.path, name: entry.type === "DIRECTORY" ? `${entry.path}/` : entry.path }));
}
