import { memo, useState } from "react";

import { useAction } from "../api/useAction";
import type { TeamRole } from "../api/schema.generated";
import { usePages } from "../api/usePages";
import { useViewer } from "../frame/viewer";
import { Choice } from "../parts/Choice";
import { Confirm } from "../parts/Confirm";
import { Failure } from "../parts/Failure";
import { More } from "../parts/More";
import { Problems } from "../parts/Problems";
import { ShownOnce } from "../parts/ShownOnce";
import { Time } from "../parts/Time";
import { Working } from "../parts/Working";
import { AddMember } from "./AddMember";
import { ChangeRoleDocument, MembersDocument, NewSignInLinkDocument, RemoveMemberDocument, type MemberRowFragment } from "./Members.generated";
import { ROLE_CHOICES } from "./roles";

const A_PAGE = 50;

const ROLES: Readonly<Record<TeamRole, string>> = { ADMIN: "Admin", MEMBER: "Member", VIEWER: "Viewer" };

/** Who is in the team, as what. */
export default function Members() {
  const isAdmin = useViewer().member.role === "ADMIN";
  const [link, setLink] = useState<{ of: string; url: string }>();
  const { found, error, fetching, more } = usePages(MembersDocument, { first: A_PAGE }, ({ viewer }) => viewer.team.members);
  return (
    <>
      <title>Members</title>
      <h1>Members</h1>
      {error && <Failure error={error} />}
      {!found && fetching && <Working what="Reading the members" />}
      <ul className="rows" aria-label="Members">
        {found?.nodes.map((member) => <Member key={member.id} member={member} isAdmin={isAdmin} onLink={setLink} />)}
      </ul>
      <More has={found?.pageInfo.hasNextPage ?? false} isWorking={fetching} load={more} />
      {link && <ShownOnce key={link.url} what="sign-in link" of={link.of} text={link.url} note="It signs their browser in once. Give it to them alone." />}
      {isAdmin ? <AddMember onAdded={setLink} /> : <p className="quiet">Team Admins can add members, change their roles, and remove them.</p>}
    </>
  );
}

interface MemberProps {
  member: MemberRowFragment;
  isAdmin: boolean;
  onLink: (link: { of: string; url: string }) => void;
}

/** One of them: drawn again where that member has changed, not where more are shown. */
const Member = memo(function Member({ member, isAdmin, onLink }: MemberProps) {
  return (
    <li>
      <div>
        <h2><bdi>{member.name}</bdi></h2>
        <p className="quiet">
          <bdi>{member.email}</bdi>. Joined <Time at={member.joinedAt} />. {member.lastSignedInAt ? <>Last signed in <Time at={member.lastSignedInAt} />.</> : "Has not signed in yet."}
        </p>
        {isAdmin && <Administration member={member} onLink={onLink} />}
      </div>
      <span className="status quiet">{ROLES[member.role]}</span>
    </li>
  );
});

function Administration({ member, onLink }: Omit<MemberProps, "isAdmin">) {
  const link = useAction(NewSignInLinkDocument);
  const remove = useAction(RemoveMemberDocument);
  const makeLink = async (): Promise<boolean> => {
    const url = (await link.run({ id: member.id }))?.createSignInLink?.signInUrl;
    if (url) onLink({ of: member.name, url });
    return url !== undefined;
  };
  const removeThem = async (): Promise<boolean> => (await remove.run({ id: member.id })) !== null;
  return (
    <div className="actions">
      {member.viewerCanChangeRole && <Role member={member} />}
      {member.viewerCanCreateSignInLink && (
        <Confirm trigger="New sign-in link" title={<>A new sign-in link for <bdi>{member.name}</bdi>?</>} act="Make the link" isWorking={link.isWorking} onAct={makeLink} isDestructive={false}>
          <p>Earlier links stop working. Whoever has the link is signed in as <bdi>{member.name}</bdi>.</p>
          <Problems of={link.problems} />
        </Confirm>
      )}
      {member.viewerCanRemove && (
        <Confirm trigger="Remove" title={<>Remove <bdi>{member.name}</bdi>?</>} act="Remove the member" isWorking={remove.isWorking} onAct={removeThem}>
          <p>Their access tokens, browser sessions and own sign-ins end, and integrations that used those stop. Installed apps that they set up stay.</p>
          <Problems of={remove.problems} />
        </Confirm>
      )}
    </div>
  );
}

function Role({ member }: { member: MemberRowFragment }) {
  const [chosen, choose] = useState<TeamRole>();
  const role = chosen ?? member.role;
  const change = useAction(ChangeRoleDocument);
  const save = async (): Promise<boolean> => {
    const isSaved = (await change.run({ id: member.id, role })) !== null;
    if (isSaved) choose(undefined); // others may change it from now on
    return isSaved;
  };
  return (
    <Confirm trigger="Change role" title={<>The role of <bdi>{member.name}</bdi></>} act="Save changes" isWorking={change.isWorking} onAct={save} isDestructive={false}>
      <Choice<TeamRole> label="Role" value={role} onChange={choose} choices={ROLE_CHOICES} />
      <Problems of={change.problems} />
    </Confirm>
  );
}
