import { useEffect, useState } from "react";

import { about } from "../../api/useAction";
import { TextInput } from "../../parts/TextInput";
import type { FieldsProps } from "./fields";
import { BranchPicker, FilePicker, RepositoryPicker, type Repository } from "./repositories";

/** Which API is connected with which repository, and where its definition and its collections stand there. */
export function ConnectApiFields({ using, problems, onChange, now }: FieldsProps) {
  const before = now?.__typename === "ConnectApi" ? now : null;
  const [apiName, setApiName] = useState(before?.apiName ?? "");
  const [repository, setRepository] = useState<Repository | null>(before && using ? { id: before.repositoryId, fullName: before.repositoryPath, defaultBranch: null, app: using.id } : null);
  const [branch, setBranch] = useState(before?.branch ?? "");
  const [schemaFile, setSchemaFile] = useState(before?.schemaFile ?? "");
  const [collectionDirectory, setDirectory] = useState(before?.collectionDirectory ?? "postman/collections");
  useEffect(() => {
    const isWhole = apiName && repository && branch;
    onChange(isWhole ? { connectApi: { apiName, repositoryId: repository.id, branch, schemaFile: schemaFile || null, collectionDirectory } } : null);
  }, [apiName, repository, branch, schemaFile, collectionDirectory, onChange]);
  const choose = (chosen: Repository | null): void => {
    setRepository(chosen);
    setBranch(chosen?.defaultBranch ?? "");
  };
  if (!using) return <p className="quiet">To change what is connected, choose an installed app first: the repository is read with it.</p>;
  return (
    <>
      <TextInput label="API" value={apiName} onChange={setApiName} problem={about(problems, "apiName")} isRequired />
      {!before && <RepositoryPicker app={using.id} chosen={repository} onChoose={choose} problem={about(problems, "repositoryId")} />}
      {repository && (
        <>
          <BranchPicker key={repository.id} repository={repository} branch={branch} onChoose={setBranch} problem={about(problems, "branch")} />
          <FilePicker key={branch} repository={repository} branch={branch} file={schemaFile} onChoose={setSchemaFile} problem={about(problems, "schemaFile")} />
          <TextInput
            label="Collection directory" value={collectionDirectory} onChange={setDirectory} problem={about(problems, "collectionDirectory")} isRequired
            help="Where collections are kept: neither the definition file's directory nor inside or around it."
          />
        </>
      )}
    </>
  );
}
