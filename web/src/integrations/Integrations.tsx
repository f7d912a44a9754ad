import { useState } from "react";
import { Link } from "react-router";

import { usePages } from "../api/usePages";
import { ForMembers } from "../frame/ForMembers";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { More } from "../parts/More";
import { Search } from "../parts/Search";
import { Status } from "../parts/Status";
import { useSettled } from "../parts/useSettled";
import { Working } from "../parts/Working";
import { IntegrationsDocument, type IntegrationRowFragment } from "./Integrations.generated";

const A_PAGE = 50;

/** The team's integrations: what each does, where, and whether it works. */
export default function Integrations() {
  const [typed, setTyped] = useState("");
  const search = useSettled(typed).trim();
  const filter = search ? { search } : null;
  const { found, error, fetching, stale, more } = usePages(IntegrationsDocument, { first: A_PAGE, filter }, ({ integrations }) => integrations);
  return (
    <>
      <title>Integrations</title>
      <div className="heading">
        <h1>Integrations</h1>
        <ForMembers to="add integrations">
          <Link className="button primary" to="/integrations/browse">Browse all integrations</Link>
        </ForMembers>
      </div>
      <Search label="Search integrations" value={typed} onChange={setTyped} />
      {error && <Failure error={error} />}
      {!found && fetching && <Working what="Reading the integrations" />}
      {found && found.nodes.length > 0 && <List rows={found.nodes} isOld={stale} />}
      {found && found.nodes.length === 0 && !found.pageInfo.hasNextPage && (search ? <NoneFound search={search} /> : <None />)}
      <More has={found?.pageInfo.hasNextPage ?? false} isWorking={fetching} load={more} />
    </>
  );
}

function List({ rows, isOld }: { rows: readonly IntegrationRowFragment[]; isOld: boolean }) {
  return (
    <ul className="rows" aria-label="Integrations" aria-busy={isOld}>
      {rows.map((row) => <Row key={row.id} row={row} />)}
    </ul>
  );
}

function Row({ row }: { row: IntegrationRowFragment }) {
  return (
    <li>
      <div>
        <Link to={`/integrations/${row.id}`}><bdi>{row.name}</bdi></Link>
        <p className="quiet">
          {row.provider.name}: {row.kind.name}, <bdi>{row.connectedTo}</bdi>
          {row.createdBy && <>, made by <bdi>{row.createdBy.name}</bdi></>}
        </p>
        {row.statusMessage && <p className="message">{row.statusMessage}</p>}
      </div>
      <Status of={row.status} />
    </li>
  );
}

function None() {
  return (
    <Empty title="No integrations yet">
      <p>An integration connects your team with another service: it posts a monitor's results to a channel, or connects an API with a repository.</p>
      <ForMembers to="add the first one">
        <p><Link to="/integrations/browse">Browse all integrations</Link> to add the first one.</p>
      </ForMembers>
    </Empty>
  );
}

function NoneFound({ search }: { search: string }) {
  return (
    <Empty title="Nothing found">
      <p>No integration has “<bdi>{search}</bdi>” in its name or in what it is connected to.</p>
    </Empty>
  );
}
