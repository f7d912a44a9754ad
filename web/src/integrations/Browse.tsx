import { useState } from "react";
import { Link } from "react-router";
import { useQuery } from "urql";

import { ForMembers } from "../frame/ForMembers";
import { useViewer } from "../frame/viewer";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { Search } from "../parts/Search";
import { Working } from "../parts/Working";
import { CatalogueDocument, type CatalogueQuery } from "./Browse.generated";

type Provider = CatalogueQuery["providers"][number];

/** The catalogue: every provider with the kinds of integrations that it has, searched as one types. */
export default function Browse() {
  const [search, setSearch] = useState("");
  const [{ data, error, fetching }] = useQuery({ query: CatalogueDocument });
  const found = data?.providers.map((provider) => matching(provider, search)).filter((provider) => provider !== null) ?? [];
  return (
    <>
      <title>Browse all integrations</title>
      <h1>Browse all integrations</h1>
      <ForMembers to="add integrations" />
      <Search label="Search providers and kinds" value={search} onChange={setSearch} />
      {error && <Failure error={error} />}
      {fetching && !data && <Working what="Reading the catalogue" />}
      {found.map((provider) => <OfProvider key={provider.id} provider={provider} />)}
      {data && found.length === 0 && (
        <Empty title="Nothing found"><p>No provider and no kind of integration has “<bdi>{search}</bdi>” in its name.</p></Empty>
      )}
    </>
  );
}

/** Return the provider with the kinds whose name has the words in it, all of them where its own has; null where neither has. */
function matching(provider: Provider, search: string): Provider | null {
  const has = (name: string): boolean => name.toLowerCase().includes(search.trim().toLowerCase());
  const integrationKinds = has(provider.name) ? provider.integrationKinds : provider.integrationKinds.filter(({ name }) => has(name));
  return integrationKinds.length > 0 ? { ...provider, integrationKinds } : null;
}

function OfProvider({ provider }: { provider: Provider }) {
  const canAdd = useViewer().member.role !== "VIEWER";
  return (
    <section className="provider" aria-label={provider.name}>
      <h2 className="named"><img src={provider.iconUrl} alt="" width={24} height={24} /> {provider.name}</h2>
      <p>{provider.description}{provider.helpUrl && <> <a href={provider.helpUrl} target="_blank" rel="noreferrer">Help of {provider.name}</a></>}</p>
      {!provider.available && <p className="notice">{provider.unavailableReason}</p>}
      <ul className="rows">
        {provider.integrationKinds.map((kind) => (
          <li key={kind.id}>
            <div>
              <h3>{kind.name}</h3>
              <p className="quiet">{kind.description}</p>
            </div>
            {provider.available && canAdd && (
              <Link className="button" aria-label={`Add integration: ${kind.name} with ${provider.name}`} to={`/integrations/add/${provider.key}/${kind.key}`}>
                Add integration
              </Link>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
