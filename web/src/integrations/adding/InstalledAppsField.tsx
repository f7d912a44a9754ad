import { Choice } from "../../parts/Choice";
import { LookAgain } from "../../parts/LookAgain";
import { useAll } from "../../parts/useAll";
import { Working } from "../../parts/Working";
import { AppsToTellOfDocument, type AppsToTellOfQuery } from "./AddIntegration.generated";
import { Checks } from "./EventTypesField";

interface Props {
  /** The ids of the installed apps; null: whatever it is about. */
  ids: readonly string[] | null;
  onChange: (ids: readonly string[] | null) => void;
  problem: string | undefined;
}

/** Of which installed apps something is told. */
export function InstalledAppsField({ ids, onChange, problem }: Props) {
  const [nodes, lookup] = useAll({ query: AppsToTellOfDocument, pageOf: appsOf, isOpen: ids !== null });
  const apps = nodes.map(({ id, name }) => [id, name] as const);
  return (
    <>
      <Choice
        label="Of which installed apps" value={ids ? "some" : "all"} onChange={(chosen) => onChange(chosen === "all" ? null : [])}
        choices={[["all", "All, and of everything else"], ["some", "Only some, and what uses them"]]}
      />
      {ids && !lookup.isUnderWay && <Checks label="Installed apps" choices={apps} chosen={ids} onChange={onChange} problem={problem} />}
      {ids && lookup.isUnderWay && !lookup.failure && <Working what="Reading the installed apps" />}
      {ids && <LookAgain lookup={lookup} />}
    </>
  );
}

const appsOf = (data: AppsToTellOfQuery) => data.installedApps;
