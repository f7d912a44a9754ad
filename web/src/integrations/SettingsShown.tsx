import { sayType, USUAL_EVENTS } from "../activity/eventTypes";
import type { IntegrationDetailsFragment } from "./Integration.generated";

const RULES = {
  ALL_RUNS: "Every run",
  THREE_FAILURES_THEN_FIRST_SUCCESS: "The third failure in a row, and the first success after it",
};

const FOLLOW_UPS = { SILENT: "Not told", IN_THREAD: "Answers in the thread of the first one" };

/** The settings of an integration, in words, as rows of a list of facts. */
export function SettingsShown({ settings }: { settings: IntegrationDetailsFragment["settings"] }) {
  switch (settings.__typename) {
    case "PostMonitoringResults":
      return (
        <>
          <Fact name="Monitor">{settings.monitor.name}</Fact>
          <Fact name="Channel">{settings.channelName}</Fact>
          <Fact name="Posts">{RULES[settings.notify]}</Fact>
          <Fact name="Failures in between">{FOLLOW_UPS[settings.followUps]}</Fact>
          <Fact name="The success that ends them">{settings.recoveryInChannel ? "Shown in the channel too" : "In the thread only"}</Fact>
          <Fact name="The first message calls">{settings.mentionName ?? "Nobody"}</Fact>
        </>
      );
    case "ConnectApi":
      return (
        <>
          <Fact name="API">{settings.apiName}</Fact>
          <Fact name="Repository">{settings.repositoryPath}</Fact>
          <Fact name="Branch">{settings.branch}</Fact>
          <Fact name="Definition file">{settings.schemaFile ?? "none"}</Fact>
          <Fact name="Collections">{settings.collectionDirectory}</Fact>
        </>
      );
    case "PostTeamActivity":
      return (
        <>
          <Fact name="Channel">{settings.channelName}</Fact>
          <Facts name="What it tells of" all={settings.types?.map(sayType) ?? [USUAL_EVENTS]} />
          <Facts name="Of which installed apps" all={sayApps(settings.installedApps)} />
        </>
      );
    case "OpenIncidents":
      return (
        <>
          <Fact name="Monitor">{settings.monitor.name}</Fact>
          <Fact name="Severity">{settings.severity.toLowerCase()}</Fact>
        </>
      );
    default:
      return null;
  }
}

function sayApps(apps: readonly { name: string }[] | null): readonly string[] {
  if (!apps) return ["All, and of everything else"];
  return apps.length > 0 ? apps.map(({ name }) => name) : ["None any more: all that were chosen are deleted"];
}

function Fact({ name, children }: { name: string; children: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd><bdi>{children}</bdi></dd>
    </>
  );
}

function Facts({ name, all }: { name: string; all: readonly string[] }) {
  if (all.length === 1) return <Fact name={name}>{all.join("")}</Fact>;
  return (
    <>
      <dt>{name}</dt>
      <dd><ul className="several">{all.map((each) => <li key={each}><bdi>{each}</bdi></li>)}</ul></dd>
    </>
  );
}
