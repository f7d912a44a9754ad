import { lazy, Suspense, type ReactNode } from "react";
import { Navigate, NavLink, Route, Routes } from "react-router";
import { useQuery } from "urql";

import { below } from "../api/addresses";
import { Failure } from "../parts/Failure";
import { Working } from "../parts/Working";
import { ConnectionNotice } from "./ConnectionNotice";
import { FrameDocument } from "./Frame.generated";
import { useChanges } from "./useChanges";
import { useFocusKept } from "./useFocusKept";
import { useFocusOnNewPages } from "./useFocusOnNewPages";
import { ViewerContext, type Viewer } from "./viewer";

const Activity = lazy(() => import("../activity/Activity"));
const AddIntegration = lazy(() => import("../integrations/adding/AddIntegration"));
const Browse = lazy(() => import("../integrations/Browse"));
const ConnectedAccounts = lazy(() => import("../settings/ConnectedAccounts"));
const AccessTokens = lazy(() => import("../settings/AccessTokens"));
const AddInstalledApp = lazy(() => import("../installed-apps/AddInstalledApp"));
const InstalledApps = lazy(() => import("../installed-apps/InstalledApps"));
const EditIntegration = lazy(() => import("../integrations/editing/EditIntegration"));
const Integration = lazy(() => import("../integrations/Integration"));
const Integrations = lazy(() => import("../integrations/Integrations"));
const Members = lazy(() => import("../settings/Members"));
const Monitors = lazy(() => import("../monitors/Monitors"));

/** What stands around every page: who is signed in, where one can go, and whether the page is live. */
export function Frame() {
  const [{ data, error }] = useQuery({ query: FrameDocument });
  if (error && !data) return <Failure error={error} />;
  if (!data) return <Working what="Opening the page" />;
  return (
    <ViewerContext value={data.viewer}>
      <Live after={data.eventCursor}>
        <a className="skip" href="#main">Skip to the page</a>
        <Header viewer={data.viewer} />
        <ConnectionNotice />
        <main id="main" tabIndex={-1}>
          <Suspense fallback={<Working what="Opening the page" />}>
            <Pages />
          </Suspense>
        </main>
      </Live>
    </ViewerContext>
  );
}

function Live({ after, children }: { after: string; children: ReactNode }) {
  useChanges(after);
  useFocusOnNewPages();
  useFocusKept();
  return children;
}

function Pages() {
  return (
    <Routes>
      <Route index element={<Navigate to="/integrations" replace />} />
      <Route path="integrations" element={<Integrations />} />
      <Route path="integrations/browse" element={<Browse />} />
      <Route path="integrations/add/:provider/:kind" element={<AddIntegration />} />
      <Route path="integrations/:id" element={<Integration />} />
      <Route path="integrations/:id/edit" element={<EditIntegration />} />
      <Route path="monitors" element={<Monitors />} />
      <Route path="activity" element={<Activity />} />
      <Route path="settings/installed-apps" element={<InstalledApps />} />
      <Route path="settings/installed-apps/add/:provider" element={<AddInstalledApp />} />
      <Route path="settings/members" element={<Members />} />
      <Route path="settings/access-tokens" element={<AccessTokens />} />
      <Route path="settings/connected-accounts" element={<ConnectedAccounts />} />
      <Route path="*" element={<NotHere />} />
    </Routes>
  );
}

function Header({ viewer }: { viewer: Viewer }) {
  return (
    <header>
      <p className="team">{viewer.team.name}</p>
      <nav aria-label="Pages">
        <NavLink to="/integrations">Integrations</NavLink>
        <NavLink to="/monitors">Monitors</NavLink>
        <NavLink to="/activity">Activity</NavLink>
      </nav>
      <nav aria-label="Team settings">
        <NavLink to="/settings/installed-apps">Installed apps</NavLink>
        <NavLink to="/settings/members">Members</NavLink>
        <NavLink to="/settings/access-tokens">Access tokens</NavLink>
        <NavLink to="/settings/connected-accounts">Connected accounts</NavLink>
        <a href={below("graphql")}>GraphiQL</a>
      </nav>
      <form className="account" method="post" action={below("sign-out")}>
        <span>{viewer.member.name}</span>
        <button className="plain" type="submit">Sign out</button>
      </form>
    </header>
  );
}

function NotHere() {
  return (
    <>
      <title>No such page</title>
      <h1>There is no such page</h1>
      <p><NavLink to="/integrations">Go to the integrations</NavLink></p>
    </>
  );
}
