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
          <Fact name="Tells of">{settings.types ? `${settings.types.length} types of events` : "What stopped, what will stop, and what came back"}</Fact>
          <Fact name="Installed apps">{settings.installedApps?.map(({ name }) => name).join(", ") ?? "All"}</Fact>
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

function Fact({ name, children }: { name: string; children: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd><bdi>{children}</bdi></dd>
    </>
  );
}
