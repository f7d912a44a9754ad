import { Link } from "react-router";

import { base } from "../api/addresses";
import { usePages } from "../api/usePages";
import { Copy } from "../parts/Copy";
import { sayDuration } from "../parts/duration";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { isolated } from "../parts/isolated";
import { More } from "../parts/More";
import { Status } from "../parts/Status";
import { Time } from "../parts/Time";
import { Working } from "../parts/Working";
import { MonitorsDocument, type MonitorsQuery } from "./Monitors.generated";
import { WhatFailed } from "./WhatFailed";

const A_PAGE = 25;

type Monitor = MonitorsQuery["monitors"]["nodes"][number];

/** Whose runs were reported, with the last ones, and how to report more. */
export default function Monitors() {
  const { found, error, fetching, more } = usePages(MonitorsDocument, { first: A_PAGE }, ({ monitors }) => monitors);
  return (
    <>
      <title>Monitors</title>
      <h1>Monitors</h1>
      {error && <Failure error={error} />}
      {!found && fetching && <Working what="Reading the monitors" />}
      {found?.nodes.length === 0 && (
        <Empty title="No monitors yet">
          <p>A monitor is whatever runs regularly and reports how that went. The first run that is reported makes it.</p>
        </Empty>
      )}
      {found?.nodes.map((monitor) => <OneMonitor key={monitor.id} monitor={monitor} />)}
      <More has={found?.pageInfo.hasNextPage ?? false} isWorking={fetching} load={more} />
      <Reporting />
    </>
  );
}

function OneMonitor({ monitor }: { monitor: Monitor }) {
  return (
    <section className="provider" aria-label={monitor.name}>
      <h2><bdi>{monitor.name}</bdi></h2>
      {monitor.name !== monitor.key && <p className="quiet">Key: <code>{monitor.key}</code></p>}
      {monitor.runs.nodes.length === 0 && <p className="quiet">No run has been reported yet.</p>}
      <ol className="rows log">{monitor.runs.nodes.map((run) => <OneRun key={run.id} run={run} />)}</ol>
    </section>
  );
}

function OneRun({ run }: { run: Monitor["runs"]["nodes"][number] }) {
  return (
    <li>
      <div>
        <p>Run <bdi>{run.runId}</bdi>, <Time at={run.startedAt} />, {sayDuration(run.durationMs)}{run.testCount > 0 && `, ${run.failedTestCount} of ${run.testCount} tests failed`}</p>
        {(run.failedTestCount > 0 || run.errorCount > 0) && <WhatFailed run={run.id} named={run.runId} />}
        {run.url && <p><a href={run.url} rel="noreferrer" target="_blank" aria-label={`Read more about it: run ${isolated(run.runId)}`}>Read more about it</a></p>}
      </div>
      <Status of={run.outcome} />
    </li>
  );
}

function Reporting() {
  return (
    <section aria-label="How to report a run">
      <h2>Report a run from CI</h2>
      <p>
        Make an <Link to="/settings/access-tokens">access token</Link> that may report runs, set <code>INSTALLED_APPS_TOKEN</code> to it, and report what Newman wrote.
        The monitor's key is your own word for it.
      </p>
      <Copy text={`INSTALLED_APPS_URL=${base.href} python -m app report newman report.json --monitor my-monitor`} what="command" />
    </section>
  );
}
